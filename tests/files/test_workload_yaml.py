from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.files.document import load_document
from alpaplan.files.workload_yaml import workload_to_yaml
from alpaplan.specs.arrivals import MAX_CV, MIN_CV
from alpaplan.specs.workload import WorkloadSpec
from tests.files.examples import WORKLOAD
from tests.files.test_plan_yaml import NAMES

EXPECTED = """\
kind: workload
version: 1
name: w
models:
- name: a
  profile: p
  slo_s: 0.5
  arrivals: {process: poisson, rate_rps: 1}
- name: b
  profile: p
  slo_s: 0.5
  arrivals: {process: deterministic, rate_rps: 0.5}
- name: c
  count: 3
  profile: p
  slo_scale: 5
  weight: 2
  arrivals: {process: gamma, total_rate_rps: 10, rate_distribution: power-law, exponent: 0.5,
    cv: 4}
- name: d
  profile: p
  slo_s: 1
  arrivals: {process: weibull, rate_rps: 1, shape: 0.5}
- name: e
  profile: p
  slo_s: 1
  arrivals: {process: pareto, rate_rps: 1, cv: 2}
- name: f
  profile: p
  slo_s: 1
  arrivals:
    process: mmpp
    states:
    - {rate_rps: 1, mean_duration_s: 60}
    - {rate_rps: 0, mean_duration_s: 10}
- name: g
  profile: p
  slo_s: 1
  arrivals:
    process: piecewise
    windows:
    - duration_s: 3600
      arrivals: {process: poisson, rate_rps: 2}
    - {duration_s: 3600}
"""

NUMBERS = st.floats(1e-12, 1e17)
RATES = st.one_of(
    st.fixed_dictionaries({"rate_rps": NUMBERS}),
    st.fixed_dictionaries({"total_rate_rps": NUMBERS}),
    st.fixed_dictionaries({"total_rate_rps": NUMBERS, "rate_distribution": st.just("uniform")}),
    st.fixed_dictionaries(
        {
            "total_rate_rps": NUMBERS,
            "rate_distribution": st.just("power-law"),
            "exponent": st.floats(0, 10),
        }
    ),
)


def process(name: str, **keys: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, object]]:
    return st.builds(lambda rate, own: {"process": name} | rate | own, RATES,
                     st.fixed_dictionaries(keys))  # fmt: skip


SIMPLE = st.one_of(
    process("deterministic"),
    process("poisson"),
    process("gamma", cv=st.floats(MIN_CV, MAX_CV)),
    process("weibull", cv=st.floats(0.01, 100)),
    process("weibull", shape=st.floats(0.05, 1000)),
    process("pareto", shape=st.floats(1.01, 1e9)),
    process("pareto", cv=st.floats(MIN_CV, MAX_CV)),
    st.fixed_dictionaries(
        {
            "process": st.just("mmpp"),
            "states": st.lists(
                st.fixed_dictionaries({"rate_rps": NUMBERS, "mean_duration_s": NUMBERS}),
                min_size=1,
                max_size=3,
            ),
        }
    ),
)
WINDOWS = st.fixed_dictionaries({"duration_s": NUMBERS, "arrivals": SIMPLE})
ARRIVALS = st.one_of(
    SIMPLE,
    st.fixed_dictionaries({"process": st.just("trace"), "path": NAMES}),
    st.builds(
        lambda windows: {"process": "piecewise", "windows": [{"duration_s": 1.5}, *windows]},
        st.lists(WINDOWS, min_size=1, max_size=3),
    ),
)
OBJECTIVES = st.one_of(
    st.fixed_dictionaries({"slo_s": NUMBERS}), st.fixed_dictionaries({"slo_scale": NUMBERS})
)
ENTRIES = st.builds(
    lambda entry, objective: entry | objective,
    st.fixed_dictionaries(
        {"name": NAMES, "profile": NAMES, "weight": NUMBERS, "arrivals": ARRIVALS},
        optional={"count": st.integers(1, 50)},
    ),
    OBJECTIVES,
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that each example of a property test writes again."""
    return tmp_path_factory.mktemp("scratch") / "workload.yaml"


def test_layout(scratch: Path) -> None:
    scratch.write_text(WORKLOAD, encoding="utf-8")
    assert workload_to_yaml(load_document(scratch, WorkloadSpec).spec) == EXPECTED


@given(name=NAMES, entry=ENTRIES)
def test_everything_reads_back(scratch: Path, name: str, entry: dict[str, object]) -> None:
    data = {"kind": "workload", "version": 1, "name": name, "models": [entry]}
    spec = WorkloadSpec.model_validate(data)
    text = workload_to_yaml(spec)
    scratch.write_text(text, encoding="utf-8")
    assert load_document(scratch, WorkloadSpec).spec == spec
    assert workload_to_yaml(spec) == text
    assert yaml.safe_load(text)["kind"] == "workload"
