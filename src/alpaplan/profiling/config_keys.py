"""Reading single keys of a configuration, and remembering everything that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alpaplan.errors import Issue, Location, did_you_mean
from alpaplan.profiling.class_defaults import CLASS_DEFAULTS, TEXT_TYPES
from alpaplan.units import format_value

MAX_SIZE = 10**9
"""Largest width or count: keeps products of three inside 128 bits and catches nonsense."""


MAX_LAYERS = 4096
"""Most layers of a model: as many as stages could be (`alpaplan.specs.profile`)."""


@dataclass
class ConfigKeys:
    """A configuration that is being read, and what was wrong with it so far.

    Parameters
    ----------
    data
        What it says.
    where
        Where it lies in the document.
    outer
        The configuration around it, or itself.
    issues
        What was wrong, in the order of reading.
    """

    data: Mapping[str, object]
    where: Location
    outer: Mapping[str, object]
    issues: list[Issue] = field(default_factory=list)

    @classmethod
    def of(cls, config: Mapping[str, object]) -> ConfigKeys:
        """Return the keys of the text part, with what its class assumes if it is a nested one."""
        inner = config.get("text_config")
        if not isinstance(inner, Mapping):
            return cls(config, (), config)
        model_type = inner.get("model_type")
        outer_type = config.get("model_type")
        if model_type is None and isinstance(outer_type, str) and outer_type in TEXT_TYPES:
            model_type = TEXT_TYPES[outer_type]
            inner = {**inner, "model_type": model_type}
        defaults = CLASS_DEFAULTS.get(model_type, {}) if isinstance(model_type, str) else {}
        return cls({**defaults, **inner}, ("text_config",), config)

    @property
    def around(self) -> ConfigKeys:
        """The configuration around this one."""
        return ConfigKeys(self.outer, (), self.outer, self.issues)

    def report(self, key: str, message: str) -> None:
        """Remember what is wrong with a key."""
        self.issues.append(Issue((*self.where, key), message))

    def given(self, names: Sequence[str]) -> str | None:
        """Return the first of several keys that has a value."""
        return next((name for name in names if self.data.get(name) is not None), None)

    def count(self, names: Sequence[str], *, least: int = 1, largest: int = MAX_SIZE) -> int | None:
        """Return a whole number, or None (and remember why) if there is none."""
        name = self.given(names)
        if name is None:
            hint = did_you_mean(names[0], (key for key in self.data if isinstance(key, str)))
            self.issues.append(Issue(self.where, f"missing key {names[0]!r}{hint}"))
            return None
        return self.checked(name, largest=largest, least=least)

    def checked(self, name: str, *, largest: int = MAX_SIZE, least: int = 1) -> int | None:
        """Return the whole number under a key that is there, or None if it is none."""
        value = self.data[name]
        if isinstance(value, bool) or not isinstance(value, int):
            self.report(name, f"must be a whole number, found {format_value(value)}")
            return None
        if not least <= value <= largest:
            found = format_value(value)
            self.report(name, f"must be from {least} to {largest:,}, found {found}")
            return None
        return value

    def optional(self, names: Sequence[str], default: int, *, least: int = 1) -> int:
        """Return a whole number, or the default where there is none."""
        name = self.given(names)
        value = default if name is None else self.checked(name, least=least)
        return default if value is None else value

    def flag(self, name: str | None, *, default: bool) -> bool:
        """Return whether something is so, from this configuration or the one around it."""
        if name is None:
            return default
        value = self.data.get(name, self.outer.get(name))
        if value is None:
            return default
        if not isinstance(value, bool):
            self.report(name, f"must be true or false, found {format_value(value)}")
            return default
        return value
