"""Stands in for the package aiconfigurator: the same functions, with a formula behind them."""

from __future__ import annotations

import logging
import sys
import warnings
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

CAPACITY_GIB = 80.0
MODULES = ("", ".cli.api", ".sdk.perf_database", ".sdk.common", ".sdk.utils")


@dataclass
class FakeSummary:
    memory_gib: dict[str, float]

    def get_memory(self) -> dict[str, float]:
        return self.memory_gib

    def check_oom(self) -> bool:
        return sum(self.memory_gib.values()) > CAPACITY_GIB


@dataclass
class FakeResult:
    ttft: float
    tpot: float
    summary: FakeSummary
    backend_name: str = "vllm"
    backend_version: str = "9.9"


@dataclass
class FakePackage:
    """What was asked, and the modules that were asked."""

    calls: list[dict[str, Any]] = field(default_factory=list)

    def estimate(self, model: str, system: str, **options: Any) -> FakeResult:
        self.calls.append({"model": model, "system": system, **options})
        warnings.warn("noise", stacklevel=1)
        logging.getLogger("fake").error("noise")
        tp, pp, size = options["tp_size"], options["pp_size"], options["batch_size"]
        if tp == 3:
            raise AssertionError("num_heads 32 should be divisible by tp_size 3\nmore words")
        memory_gib = {"weights": 16 / tp / pp, "activations": size / 2, "kvcache": 20.0 * size}
        decoding = 10 / tp + size / 100 + 1e-5 * size * (options["isl"] + 1)
        return FakeResult(100 * size / tp + pp, decoding, FakeSummary(memory_gib))

    def load_model(self, model: str) -> dict[str, int]:
        if model not in ("Qwen/Qwen3-8B", "Qwen/Qwen3-0.6B"):
            raise OSError(f"no config.json of {model} at /some/place/config.json")
        return {"layers": 4}

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make this the package that is imported."""
        modules = {part: ModuleType(f"aiconfigurator{part}") for part in MODULES}
        vars(modules[""])["__version__"] = "0.0"
        vars(modules[".cli.api"])["cli_estimate"] = self.estimate
        systems = {"h100_sxm": {"vllm"}, "a100_sxm": {"vllm"}, "gb200": {"trtllm"}}
        vars(modules[".sdk.perf_database"])["get_supported_databases"] = lambda: systems
        vars(modules[".sdk.perf_database"])["get_latest_database_version"] = (
            lambda system, backend: f"{backend}-of-{system}"
        )
        vars(modules[".sdk.common"])["DefaultHFModels"] = {"Qwen/Qwen3-8B", "Qwen/Qwen3-0.6B"}
        vars(modules[".sdk.utils"])["get_model_config_from_model_path"] = self.load_model
        for part in (".cli", ".sdk"):
            modules[part] = ModuleType(f"aiconfigurator{part}")
        for part, module in modules.items():
            monkeypatch.setitem(sys.modules, f"aiconfigurator{part}", module)
            parent, _, name = part.rpartition(".")
            if name:
                vars(modules[parent])[name] = module
