"""Measured batches of a model in one configuration, and model profiles made of many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from alpaplan.errors import InputError
from alpaplan.files.importers.cells import profile_name
from alpaplan.files.line_issues import FileIssues, Place
from alpaplan.printable import printable
from alpaplan.specs.profile import ModelProfileSpec

ConfigKey = tuple[str, str, int, int]
"""Model, device type, `intra_op` and `inter_op`."""


class Measured(Protocol):
    """Anything that was measured of a model on a device type."""

    @property
    def device(self) -> str:
        """Device type."""
        ...

    @property
    def place(self) -> Place:
        """Where it was read."""
        ...

    @property
    def tool(self) -> str:
        """What it was measured with; empty: not known."""
        ...


@dataclass(frozen=True)
class Measurement:
    """A batch of one size in one parallel configuration on one device type.

    Parameters
    ----------
    model
        Name or path of the model, as the source has it.
    device
        Device type.
    intra_op, inter_op
        Devices of a stage, and number of stages.
    batch_size
        Requests in the batch.
    stage_latency_s
        Seconds of each stage.
    stage_weight_bytes
        Weights on each device of each stage.
    stage_activation_bytes
        Working memory on each device of each stage; None: not known.
    place
        Where it was read.
    tool
        What it was measured with, for the profile's source; empty: not known.
    is_whole
        Whether its latency was measured of all stages together, and divided among them.
    has_all_memory
        Whether its weights are all memory that is taken, as its source does not divide it.
    flawed
        Whether something is wrong with its numbers, so that it only says that it is there.
    """

    model: str
    device: str
    intra_op: int
    inter_op: int
    batch_size: int
    stage_latency_s: tuple[float, ...]
    stage_weight_bytes: tuple[int, ...]
    stage_activation_bytes: tuple[int, ...] | None
    place: Place
    tool: str = ""
    flawed: bool = False
    is_whole: bool = False
    has_all_memory: bool = False

    @property
    def config(self) -> ConfigKey:
        """What was measured, and where."""
        return self.model, self.device, self.intra_op, self.inter_op


SourceText = Callable[[str, Sequence[Measurement]], str]
"""Model and its measurements -> what its profile says of where the numbers come from."""


def make_profiles(
    measurements: Iterable[Measurement], source: SourceText, issues: FileIssues
) -> list[ModelProfileSpec]:
    """Make one profile a model, of all its measurements on all devices.

    Models are in order of appearance, and so are the devices of each; configurations on a device
    and batch sizes go up.

    Raises
    ------
    InputError
        With `issues`, and what is found wrong here: measurements that say the same thing
        twice or contradict each other, a configuration without batch size 1, two models of one
        profile name.
    """
    by_model: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        by_model.setdefault(measurement.model, []).append(measurement)
    check_names(by_model, issues)
    configs = {model: _configs(found, issues) for model, found in by_model.items()}
    issues.raise_any()
    return [profile_of(model, configs[model], source(model, by_model[model])) for model in by_model]


def file_names(measurements: Iterable[Measured]) -> str:
    """List the names of the files that measurements are from, without their folders."""
    paths = dict.fromkeys(measurement.place.path for measurement in measurements)
    names = (path.replace("\\", "/").rpartition("/")[2] for path in paths)
    return ", ".join(dict.fromkeys(map(printable, names)))


def tools(measurements: Iterable[Measured]) -> str:
    """List what measurements were made with on which devices; empty if it is not known."""
    devices: dict[str, dict[str, None]] = {}
    for measurement in measurements:
        if measurement.tool:
            devices.setdefault(measurement.tool, {})[measurement.device] = None
    return ", ".join(f"{tool} on {' and '.join(names)}" for tool, names in devices.items())


def check_names(by_model: Mapping[str, Sequence[Measured]], issues: FileIssues) -> None:
    """Add an issue for each model whose profile would have the name of another's."""
    taken: dict[str, str] = {}
    for model, measurements in by_model.items():
        name = profile_name(model)
        if name in taken:
            other = taken[name]
            message = f"{model!r} and {other!r} ({by_model[other][0].place}) would both be {name!r}"
            issues.add(measurements[0].place, f"model: {message}")
        taken.setdefault(name, model)


def _configs(measurements: list[Measurement], issues: FileIssues) -> list[dict[str, object]]:
    """Make the configurations of one model."""
    grouped: dict[ConfigKey, dict[int, Measurement]] = {}
    for new in measurements:
        by_size = grouped.setdefault(new.config, {})
        if new.batch_size in by_size:
            message = f"duplicate {title_of(new.config)} with batch size {new.batch_size}"
            issues.add(new.place, f"{message}, first at {by_size[new.batch_size].place}")
        by_size.setdefault(new.batch_size, new)
    for by_size in grouped.values():
        _check_agreement(by_size, issues)
    return [_config(list(grouped[key].values())) for key in in_order(grouped)]


def in_order(configs: Iterable[ConfigKey]) -> list[ConfigKey]:
    """Return configurations of a model in order: devices as they appear, parallelism going up."""
    found = list(configs)
    devices = list(dict.fromkeys(device for _, device, _, _ in found))
    return sorted(found, key=lambda key: (devices.index(key[1]), *key[2:]))


def _check_agreement(by_size: dict[int, Measurement], issues: FileIssues) -> None:
    first = next(iter(by_size.values()))
    if 1 not in by_size and not issues.rows_unread:
        sizes = ", ".join(map(str, sorted(by_size)))
        issues.add(
            first.place, f"{title_of(first.config)}: must have batch size 1, found only {sizes}"
        )
    sound = [measurement for measurement in by_size.values() if not measurement.flawed]
    for other in sound[1:]:
        where = f"{title_of(other.config)} with batch size {other.batch_size}"
        same = f"of batch size {sound[0].batch_size} ({sound[0].place})"
        if other.stage_weight_bytes != sound[0].stage_weight_bytes:
            issues.add(other.place, f"{where}: must have the weights {same}, found others")
        if (other.stage_activation_bytes is None) != (sound[0].stage_activation_bytes is None):
            issues.add(other.place, f"{where}: must have activations or none, like those {same}")


def _config(measurements: list[Measurement]) -> dict[str, object]:
    """Make one configuration, in the keys of a document."""
    ordered = sorted(measurements, key=lambda measurement: measurement.batch_size)
    first = ordered[0]
    config = {
        "device": first.device,
        "intra_op": first.intra_op,
        "inter_op": first.inter_op,
        "stage_weight_bytes": first.stage_weight_bytes,
        "stage_latency_s": {m.batch_size: m.stage_latency_s for m in ordered},
    }
    if first.stage_activation_bytes is not None:
        config["stage_activation_bytes"] = {m.batch_size: m.stage_activation_bytes for m in ordered}
    return config


def profile_of(
    model: str, configs: Sequence[Mapping[str, object]], source: str
) -> ModelProfileSpec:
    """Return the profile of a model with configurations in the keys of a document.

    Raises
    ------
    InputError
        With what such a document may not have.
    """
    name = profile_name(model)
    try:
        return ModelProfileSpec.model_validate(
            {
                "kind": "model-profile",
                "version": 1,
                "name": name,
                "source": source,
                "configs": configs,
            }
        )
    except ValidationError as error:
        lines = [
            f"{name}: {'.'.join(map(str, found['loc']))}: {found['msg']}"
            for found in error.errors(include_url=False)
        ]
        raise InputError(lines) from error


def title_of(config: ConfigKey) -> str:
    """Describe a configuration of a model."""
    model, device, intra_op, inter_op = config
    return f"{model} on {device} intra_op {intra_op} inter_op {inter_op}"
