"""Iterations that the package aiconfigurator estimates for the request.

Those of decoding requests with several lengths of context, and those of prompts alone. What its
numbers mean stands in `alpaplan.files.importers.aiconfigurator_steps`, which reads tables of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alpaplan.errors import AlpaplanError
from alpaplan.files.importers.aiconfigurator_package import (
    ShapeEstimator,
    bytes_of,
    estimate_shapes,
)
from alpaplan.files.importers.aiconfigurator_steps import source_text
from alpaplan.files.importers.iterations import (
    FitErrors,
    Iterations,
    IterationsReading,
    KvSize,
)
from alpaplan.files.importers.request import ImportRequest, ProgressListener
from alpaplan.files.line_issues import Place
from alpaplan.profiling.steps import LARGEST_STEP_TOKENS, MeasuredStep
from alpaplan.units import BYTE_UNITS

DECODING = (1, 2, 4, 8, 16, 32, 64, 128, 256)
CONTEXTS = (256, 1024, 4096)
"""Requests that decode, up to the usual `max_num_seqs`, and KV tokens of each before that."""

PROMPTS = (
    *((1, 512), (1, 1024), (1, 2048), (1, 4096), (1, 8192)),
    *((4, 128), (4, 256), (4, 512), (4, 1024), (4, 2048)),
)
"""Prompts of an iteration, and tokens of each: each number of tokens with more and less attention,
up to `LARGEST_STEP_TOKENS`. None has as many tokens as decoding requests are tried, whose recurrent
layers and windows take a time of their own."""

KV_INPUT_LEN = 2048
"""Tokens of a request (a count) that keys and values are counted of where layers keep only a window
of them, unless ``--input-len`` says otherwise."""


def is_meant(request: ImportRequest) -> bool:
    """Whether a request without ``--serving`` means iterations: it does not choose prompts."""
    return request.input_len is None and request.batch_sizes is None


def read(request: ImportRequest, listener: ProgressListener) -> IterationsReading:
    """Estimate each model of the request on each of its device types.

    Configurations that the package cannot estimate, or whose device has no memory for one short
    prompt, are left out with a note.

    Raises
    ------
    AlpaplanError
        If the package is absent, does not know a model or device type, or can estimate nothing
        of a model.
    """
    if not request.devices:
        raise AlpaplanError("--device must be given")
    kv_tokens = request.input_len or KV_INPUT_LEN

    def estimates(estimator: ShapeEstimator, notes: list[str]) -> list[Iterations]:
        smallest = estimator.estimate("static_ctx", 1, min(PROMPTS)[1], output_len=1)
        if smallest.summary.check_oom():
            notes.append(f"{estimator.shape}: left out, out of memory")
            return []
        return [_iterations(estimator, kv_tokens)]

    found, notes, version = estimate_shapes(request, listener, estimates)

    def source(model: str, iterations: Sequence[Iterations], errors: FitErrors) -> str:
        origin = f"as of its version {version} (aiconfigurator-api)"
        return source_text(model, iterations, errors, origin)

    return IterationsReading(found, source, notes)


def _iterations(estimator: ShapeEstimator, kv_tokens: int) -> Iterations:
    shape = estimator.shape
    largest = estimator.estimate("static_ctx", 1, LARGEST_STEP_TOKENS, output_len=1)
    memory_gib = largest.summary.get_memory()
    return Iterations(
        model=shape.model,
        device=shape.device,
        intra_op=shape.intra_op,
        inter_op=shape.inter_op,
        what="all iterations",
        steps=tuple(_steps(estimator)),
        weight_bytes=bytes_of(memory_gib["weights"]),
        activation_bytes=bytes_of(memory_gib["activations"]),
        kv=_kv_size(estimator, kv_tokens),
        place=Place(shape.model),
        tool=f"{largest.backend_name} {largest.backend_version}",
    )


def _steps(estimator: ShapeEstimator) -> Iterator[MeasuredStep]:
    for num_requests in DECODING:
        for context in CONTEXTS:
            # The second of two answer tokens, as the first comes with the prompt.
            result = estimator.estimate("static_gen", num_requests, context, output_len=2)
            yield MeasuredStep.of_decoding(num_requests, context + 1, result.tpot / 1e3)
    for num_prompts, input_len in PROMPTS:
        result = estimator.estimate("static_ctx", num_prompts, input_len, output_len=1)
        yield MeasuredStep.of_prompts(num_prompts, input_len, result.ttft / 1e3)


def _kv_size(estimator: ShapeEstimator, num_tokens: int) -> KvSize:
    # Of one request with a prompt a token shorter: the package keeps the answer's token too.
    result = estimator.estimate("static_ctx", 1, max(num_tokens - 1, 1), output_len=1)
    size = result.summary.get_memory()["kvcache"] * BYTE_UNITS["GiB"]
    return KvSize(max(num_tokens, 2), size - 1, size + 1)
