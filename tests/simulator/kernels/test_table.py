"""The table of kernels: complete, and the same compiled and not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from alpaplan.simulator import Simulator
from alpaplan.simulator.kernels.table import KERNELS, ServiceKind, kernel
from alpaplan.specs.choices import Dispatch
from tests.simulator.cases import RULES, fates, random_case


def test_every_kind_of_service_has_a_kernel_for_every_rule() -> None:
    assert set(KERNELS) == set(itertools.product(ServiceKind, Dispatch))


@pytest.mark.parametrize("rule", RULES)
def test_a_kernel_is_compiled_once(rule: Dispatch) -> None:
    assert kernel(ServiceKind.FIXED, rule) is kernel(ServiceKind.FIXED, rule)


@pytest.mark.parametrize("rule", RULES)
def test_the_plain_python_kernel_does_the_same(
    rule: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = random_case(np.random.default_rng(4), 300).ruled_by(rule)
    simulator = Simulator(case.problem, case.trace)
    compiled = fates(simulator.replay(case.placement))
    monkeypatch.setattr(simulator._service, "_kernel", KERNELS[ServiceKind.FIXED, rule])
    assert fates(simulator.replay(case.placement)) == compiled
