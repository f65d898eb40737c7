"""The number format that a configuration says the weights are published in."""

from __future__ import annotations

from collections.abc import Mapping

from alpaplan.errors import Issue, Location, SpecError
from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.quantization import (
    Quantization,
    UnsupportedQuantizationError,
    quantization_of,
)
from alpaplan.registry import must_be_one_of

BESIDE = "quantization beside config"
"""Role of errors in what a file beside the ``config.json`` says."""

_DTYPES = {
    "float32": Dtype.FP32,
    "float16": Dtype.FP16,
    "bfloat16": Dtype.BF16,
    "float8_e4m3fn": Dtype.FP8,
}
"""``torch_dtype`` -> number format."""


def checkpoint_format(
    config: Mapping[str, object], beside: Mapping[str, object] | None = None
) -> tuple[Dtype, Quantization | None]:
    """Return the number format that a model is published in, and how it is quantized if it is.

    Parameters
    ----------
    config
        What the ``config.json`` says.
    beside
        What a ``hf_quant_config.json`` beside it says.

    Raises
    ------
    SpecError
        Of the role ``"config"``, or `BESIDE` for the file beside it, if neither says, or one says
        something else.
    """
    keys = ConfigKeys.of(config)
    for data, where in _places(keys):
        settings = data.get("quantization_config")
        if isinstance(settings, Mapping):
            return _quantized("config", settings, (*where, "quantization_config"))
    settings = (beside or {}).get("quantization")
    if isinstance(settings, Mapping) and settings.get("quant_algo"):
        return _quantized(BESIDE, settings, ("quantization",))
    for data, where in _places(keys):
        for name in ("torch_dtype", "dtype"):
            value = data.get(name)
            if value is not None:
                return _dtype((*where, name), value), None
    raise SpecError("config", [Issue((), "missing key 'torch_dtype'; give --dtype")])


def _places(keys: ConfigKeys) -> list[tuple[Mapping[str, object], Location]]:
    places: list[tuple[Mapping[str, object], Location]] = [(keys.data, keys.where)]
    return places if keys.data is keys.outer else [*places, (keys.outer, ())]


def _quantized(
    role: str, settings: Mapping[str, object], where: Location
) -> tuple[Dtype, Quantization]:
    try:
        quantization = quantization_of(settings)
    except UnsupportedQuantizationError as error:
        how = f" ({error})" if str(error) else ""
        message = f"the weights are quantized in an unsupported way{how}; give --dtype"
        raise SpecError(role, [Issue(where, message)]) from error
    return quantization.dtype, quantization


def _dtype(where: Location, value: object) -> Dtype:
    name = value.removeprefix("torch.") if isinstance(value, str) else ""
    if name not in _DTYPES:
        message = must_be_one_of(_DTYPES, value)
        raise SpecError("config", [Issue(where, f"{message}; give --dtype")])
    return _DTYPES[name]
