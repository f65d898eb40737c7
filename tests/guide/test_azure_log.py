"""The guide's commands from a log to a plan, on the log that they name, where it is at hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from alpaplan.files.trace_csv import read_trace
from alpaplan.guide.pages import page_text
from alpaplan.workload.token_statistics import tokens_of_models
from tests.pages import commands_of
from tests.reader import Reader

LOG = "dev_azure_llm_2023.csv.gz"


def section(page: str, title: str) -> str:
    """Return a section of a page of the guide."""
    _, _, rest = page_text(page).partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0]


@pytest.mark.slow
def test_from_the_real_log_to_a_plan(shared_cases: Path, tmp_path: Path) -> None:
    text = section("traffic", "From a log of LLM requests to a plan")
    assert len(commands_of(text)) == 4
    shutil.copy(shared_cases / "traces" / LOG, tmp_path / LOG)
    reader = Reader(tmp_path)
    reader.run_command("alpaplan init here --example quickstart")
    outputs = reader.follow(text)
    imported = next(output for command, output in outputs.items() if "import" in command)
    assert imported == "14,755 requests of 2 models in 1740 s, 8.48 requests/s, with token counts\n"
    workload = yaml.safe_load((tmp_path / "azure.yaml").read_text(encoding="utf-8"))
    lengths = [model["lengths"] for model in workload["models"]]
    assert lengths == [{"process": "trace", "path": "azure.csv.gz"}] * 2
    plan = yaml.safe_load((tmp_path / "azure-plan.yaml").read_text(encoding="utf-8"))
    assert {model["name"] for model in plan["models"] if model["groups"]} == {"conv", "code"}
    assert plan["prediction"]["slo_attainment"] > 0.9
    reader.run_command("alpaplan workload generate azure.yaml --duration 10min -o sample.csv.gz")
    sample = read_trace(tmp_path / "sample.csv.gz").trace
    pairs = tokens_of_models(sample)
    recorded = tokens_of_models(read_trace(tmp_path / "azure.csv.gz").trace)
    for name in ("conv", "code"):
        assert set(zip(*map(np.ndarray.tolist, pairs[name]), strict=True)) <= set(
            zip(*map(np.ndarray.tolist, recorded[name]), strict=True)
        )
