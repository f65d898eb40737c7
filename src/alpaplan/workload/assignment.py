"""Which model each function of a log stands for.

AlpaServe (OSDI 2023, section 6.2) deals the functions of a log out to its models, round robin. Its
published code (alpa_serve/trace/trace.py) has the names the other way round: ``stripe`` deals out,
and ``round_robin`` makes blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Assigned:
    """The models of a log.

    Parameters
    ----------
    model : int32[num_functions]
        Index into `model_names`; -1 for a function that is left out.
    model_names
        All models; some may have no function.
    """

    model: NDArray[np.int32]
    model_names: tuple[str, ...]


class Assignment(Protocol):
    """A rule that gives functions to models."""

    def assign(self, names: Sequence[str], used: NDArray[np.bool_]) -> Assigned:
        """Give functions to models.

        Parameters
        ----------
        names
            Functions, in order of first appearance in the log.
        used : bool[num_functions]
            Whether a function has requests in the part of the log that is taken; others do not
            take part.
        """


@dataclass(frozen=True)
class EachAModel:
    """Each function is a model of its own."""

    def assign(self, names: Sequence[str], used: NDArray[np.bool_]) -> Assigned:
        """See `Assignment.assign`."""
        return _by_position(tuple(np.array(names, dtype=object)[used]), used, lambda at, _: at)


@dataclass(frozen=True)
class RoundRobin:
    """Functions are dealt out in turn: the i-th used one to model ``i mod num_models``.

    Parameters
    ----------
    model_names
        The models.
    """

    model_names: tuple[str, ...]

    def assign(self, names: Sequence[str], used: NDArray[np.bool_]) -> Assigned:
        """See `Assignment.assign`."""
        num_models = len(self.model_names)
        return _by_position(self.model_names, used, lambda at, _: at % num_models)


@dataclass(frozen=True)
class Stripe:
    """Each model gets a block of successive functions: ``floor(i * num_models / num_used)``.

    Parameters
    ----------
    model_names
        The models.
    """

    model_names: tuple[str, ...]

    def assign(self, names: Sequence[str], used: NDArray[np.bool_]) -> Assigned:
        """See `Assignment.assign`."""
        num_models = len(self.model_names)
        return _by_position(self.model_names, used, lambda at, num: at * num_models // num)


@dataclass(frozen=True)
class Listed:
    """Functions go to the models that a table says; those that are not listed are left out.

    Parameters
    ----------
    model_of
        Function -> model.
    """

    model_of: Mapping[str, str]

    def assign(self, names: Sequence[str], used: NDArray[np.bool_]) -> Assigned:
        """See `Assignment.assign`."""
        model_names = tuple(dict.fromkeys(self.model_of.values()))
        index = {name: number for number, name in enumerate(model_names)}
        model = np.array([index.get(self.model_of.get(name, ""), -1) for name in names], np.int32)
        return Assigned(np.where(used, model, np.int32(-1)), model_names)


def _by_position(model_names: tuple[str, ...], used: NDArray[np.bool_], rule: _Rule) -> Assigned:
    model = np.full(used.size, -1, dtype=np.int32)
    num_used = int(np.count_nonzero(used))
    model[used] = rule(np.arange(num_used, dtype=np.int64), num_used)
    return Assigned(model, model_names)


class _Rule(Protocol):
    def __call__(self, position: NDArray[np.int64], num_used: int, /) -> NDArray[np.int64]: ...
