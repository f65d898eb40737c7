"""The base of click's types of values, which takes its parameter only since click 8.4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    ParamType = click.ParamType
else:

    class ParamType(click.ParamType):
        """A type of values, such as ``ParamType[float]``."""

        def __class_getitem__(cls, _: type) -> type:
            return cls
