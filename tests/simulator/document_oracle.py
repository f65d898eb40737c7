"""What documents with LLMs come to by LLM.md and DESIGN.md, without the program's own reading.

Documents are plain dictionaries here. Engines are the oracle's, fixed-service models are served by
shortest queue, and the result is the JSON that `alpaplan simulate` has to print.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulator import engines_oracle as oracle

Document = dict[str, Any]
Row = tuple[float, str, int, int]
"""Time, model, input and output tokens of a request."""

Fate = tuple[int | None, float | None]
"""Group that got the request, and its latency if it is attained."""


class Documents:
    """A cluster, models, profiles and groups, all of them as YAML has them, and a trace."""

    def __init__(
        self,
        cluster: Document,
        models: Sequence[Document],
        profiles: Mapping[str, Document],
        groups: Sequence[Document],
        rows: Sequence[Row],
    ) -> None:
        self.serving = cluster["serving"]
        pool = cluster["node_pools"][0]
        self.usable_bytes = pool["device_memory_bytes"] - pool["reserved_memory_bytes"]
        self.models = {model["name"]: model for model in models}
        self.names = list(self.models)
        self.profiles = profiles
        self.groups = groups
        self.rows = rows

    def is_llm(self, name: str) -> bool:
        return "max_context_tokens" in self.models[name]

    def configs(self, group: Document) -> list[Document]:
        """Return the configuration of each replica of a group."""
        shape = (group["intra_op"], group["inter_op"])
        return [
            config
            for replica in group["replicas"]
            for config in self.profiles[self.models[replica["model"]]["profile"]]["configs"]
            if (config["intra_op"], config["inter_op"]) == shape
        ]

    def caches(self, group: Document) -> list[int]:
        """Return the KV tokens of each engine (section "Memory")."""
        configs, stages = self.configs(group), range(group["inter_op"])
        free = [self.usable_bytes] * len(stages)
        for config in configs:
            for k in stages:
                free[k] -= config["stage_weight_bytes"][k] + self.serving["process_overhead_bytes"]
                free[k] -= config.get("stage_working_bytes", [0] * len(stages))[k]
        caches = []
        for replica, config in zip(group["replicas"], configs, strict=True):
            shares = [left // len(configs) for left in free]
            if "kv_fraction" in replica:
                shares = [math.floor(replica["kv_fraction"] * left) for left in free]
            tokens = config["stage_kv_bytes_per_token"]
            caches.append(min(shares[k] // tokens[k] for k in stages))
        return caches

    def fits(self) -> bool:
        """Whether everything fits (section "Memory")."""
        for group in self.groups:
            names = [replica["model"] for replica in group["replicas"]]
            if names and self.is_llm(names[0]):
                caches = zip(names, self.caches(group), strict=True)
                if any(size < self.models[m]["max_context_tokens"] for m, size in caches):
                    return False
            for k in range(group["inter_op"]):
                weights = sum(config["stage_weight_bytes"][k] for config in self.configs(group))
                if weights > self.usable_bytes:
                    return False
        return True

    def simulated(self, clients: Mapping[str, int]) -> Document:
        """Return what `alpaplan simulate` prints, but for what hangs on the trace's length."""
        asked, number_of = self._engines(clients)
        fates = self._fixed_fates()
        for request in asked.requests:
            latency_s = None
            if asked.attained(request):
                assert request.finish_ns is not None
                assert request.sent_ns is not None
                latency_s = (request.finish_ns - request.sent_ns) / 1e9
            group = None if request.group is None else number_of[request.group]
            fates[request.row] = group, latency_s
        served = [request for request in asked.requests if request.finish_ns is not None]
        return {
            **counts(list(fates.values())),
            **token_times(served),
            "models": [self._model(name, fates, served) for name in self.names],
            "groups": [
                self._group(g, fates, asked.groups[number_of.index(g)] if g in number_of else None)
                for g in range(len(self.groups))
            ],
        }

    def _engines(self, clients: Mapping[str, int]) -> tuple[oracle.Oracle, list[int]]:
        """Return the oracle after its run, and the plan's number of each of its groups."""
        serving, groups, number_of = self.serving, [], []
        for g, group in enumerate(self.groups):
            names = [replica["model"] for replica in group["replicas"]]
            if not names or not self.is_llm(names[0]):
                continue
            zeros = [0.0] * group["inter_op"]
            engines = [
                oracle.Engine(
                    self.names.index(name),
                    kv_tokens,
                    list(config["stage_step_s"].items()),
                    config.get("stage_attention_s", zeros),
                    config.get("stage_kv_read_s", zeros),
                )
                for name, kv_tokens, config in zip(
                    names, self.caches(group), self.configs(group), strict=True
                )
            ]
            slowdown = 1 + serving["stage_overhead"] * group["inter_op"]
            groups.append(oracle.Group(group["inter_op"], slowdown, engines))
            number_of.append(g)
        asked = oracle.Oracle(
            oracle.Settings(
                serving["max_num_batched_tokens"],
                serving["max_num_seqs"],
                serving["iteration_overhead_s"],
                serving["request_overhead_s"],
            ),
            [
                oracle.Model(
                    model.get("max_context_tokens", 0),
                    model.get("slo", {}).get("ttft_s", math.inf),
                    model.get("slo", {}).get("tpot_s", math.inf),
                    model.get("slo_s", math.inf),
                )
                for model in self.models.values()
            ],
            groups,
            [
                oracle.Request(row, time_s, self.names.index(name), *tokens)
                for row, (time_s, name, *tokens) in enumerate(self.rows)
                if self.is_llm(name)
            ],
            {self.names.index(name): count for name, count in clients.items()},
        )
        asked.run()
        return asked, number_of

    def _fixed_fates(self) -> dict[int, Fate]:
        """Return the fates of requests for fixed-service models (DESIGN section 4)."""
        overhead = self.serving["stage_overhead"]
        clock_s = [[0.0] * group["inter_op"] for group in self.groups]
        finishes_s: list[list[float]] = [[] for _ in self.groups]
        fates: dict[int, Fate] = {}
        for row, (time_s, name, *_) in enumerate(self.rows):
            if self.is_llm(name):
                continue
            candidates = [
                g
                for g, group in enumerate(self.groups)
                if any(replica["model"] == name for replica in group["replicas"])
            ]
            if not candidates:
                fates[row] = None, None
                continue
            unfinished = [sum(end > time_s for end in finishes_s[g]) for g in candidates]
            g = candidates[unfinished.index(min(unfinished))]
            group = self.groups[g]
            place = [replica["model"] for replica in group["replicas"]].index(name)
            x, ends_s = time_s, []
            for k, latency_s in enumerate(self.configs(group)[place]["stage_latency_s"][1]):
                x = max(x, clock_s[g][k]) + latency_s * (1 + overhead * group["inter_op"])
                ends_s.append(x)
            finish_s = x + self.serving["request_overhead_s"]
            fates[row] = g, None
            if finish_s - time_s <= self.models[name]["slo_s"]:
                clock_s[g] = ends_s
                finishes_s[g].append(finish_s)
                fates[row] = g, finish_s - time_s
        return fates

    def _model(
        self, name: str, fates: Mapping[int, Fate], served: Sequence[oracle.Request]
    ) -> Document:
        of_llm: Document = {}
        if self.is_llm(name):
            own = [request for request in served if self.names[request.model] == name]
            of_llm = {"served": len(own), "output_tokens": sum(r.output_tokens for r in own)}
            of_llm |= token_times(own)
        rows = [fate for row, fate in fates.items() if self.rows[row][1] == name]
        return {"name": name, **counts(rows), **of_llm}

    def _group(self, g: int, fates: Mapping[int, Fate], engines: oracle.Group | None) -> Document:
        found = counts([fate for fate in fates.values() if fate[0] == g])
        expected = {key: found[key] for key in ("requests", "attained")}
        if engines is not None:
            expected["replicas"] = [
                {
                    "model": self.names[engine.model],
                    "kv_tokens": engine.kv_tokens,
                    "kv_peak_tokens": engine.kv_peak_tokens,
                    "preemptions": engine.preemptions,
                }
                for engine in engines.engines
            ]
        return {"name": self.groups[g]["name"], **expected}


def counts(fates: Sequence[Fate]) -> Document:
    """Return what is said of all requests and of those of a model."""
    latencies_s = [latency_s for _, latency_s in fates if latency_s is not None]
    return {
        "requests": len(fates),
        "attained": len(latencies_s),
        "slo_attainment": len(latencies_s) / len(fates) if fates else None,
        "latency_s": spread(latencies_s),
    }


def token_times(served: Sequence[oracle.Request]) -> Document:
    """Return times to first and further tokens of served requests."""
    ttft_s, tpot_s = [], []
    for request in served:
        assert request.sent_ns is not None
        assert request.first_token_ns is not None
        assert request.finish_ns is not None
        ttft_s.append((request.first_token_ns - request.sent_ns) / 1e9)
        if request.output_tokens > 1:
            decoded_s = (request.finish_ns - request.first_token_ns) / 1e9
            tpot_s.append(decoded_s / (request.output_tokens - 1))
    return {"ttft_s": spread(ttft_s), "tpot_s": spread(tpot_s)}


def spread(seconds: Sequence[float]) -> Document:
    """Return the mean and percentiles between which numbers are interpolated linearly."""
    if not seconds:
        return dict.fromkeys(("mean", "p50", "p90", "p99"))
    ordered = sorted(seconds)

    def percentile(part: float) -> float:
        at = (len(ordered) - 1) * part
        low = math.floor(at)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (at - low)

    middle = {f"p{percent}": percentile(percent / 100) for percent in (50, 90, 99)}
    return {"mean": math.fsum(ordered) / len(ordered), **middle}
