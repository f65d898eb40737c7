"""A ``vision_config``, and other parts for other kinds of input, to what their weights are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from alpaplan.profiling.architecture import Tower
from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.tower_table import PROJECTORS, TOWERS
from alpaplan.profiling.towers import num_tower_parameters


def tower_and_notes(keys: ConfigKeys, hidden: int) -> tuple[Tower | None, list[str]]:
    """Return the vision tower, and what is not known of parts for other kinds of input."""
    tower, notes = None, []
    vision = keys.outer.get("vision_config")
    model_type = keys.outer.get("model_type")
    if isinstance(vision, Mapping):
        inner = ConfigKeys(vision, ("vision_config",), keys.outer, keys.issues)
        tower, unknown = _tower_of(inner, model_type if isinstance(model_type, str) else "", hidden)
        notes += [unknown] if unknown else []
    for name in ("audio_config", "speech_config", "audio_tower_config"):
        if isinstance(keys.outer.get(name), Mapping):
            notes.append(f"The part for sounds ({name}) is left out.")
    return tower, notes


def _tower_of(keys: ConfigKeys, model_type: str, text_hidden: int) -> tuple[Tower | None, str]:
    """Read a ``vision_config``.

    Parameters
    ----------
    keys
        The ``vision_config``; what is wrong with it is remembered there.
    model_type
        Family of the model around it.
    text_hidden
        Hidden size of the text part.

    Returns
    -------
    The tower, or None, and what of it is not known, as a sentence or empty.
    """
    own = keys.data.get("model_type")
    name = model_type
    if name not in TOWERS and isinstance(own, str):
        name = own
    if name not in TOWERS:
        shown = own if isinstance(own, str) and own and own.isprintable() else model_type
        return None, f"The vision part ({shown[:60]}) is of an unknown kind and left out."
    family = TOWERS[name]
    keys = replace(keys, data={**family.defaults, **keys.data})
    hidden = keys.count((family.hidden,)) or 1
    num_parameters = num_tower_parameters(keys, family, hidden)
    if model_type not in PROJECTORS:
        unknown = f"What lies between vision and text in a {model_type[:60]} is left out."
        return Tower(name, num_parameters), unknown
    num_parameters += PROJECTORS[model_type](keys, hidden, text_hidden)
    return Tower(name, num_parameters), ""
