"""Steps of a diff, taken again from its JSON by rules of their own: shares nothing with diff."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

Key = tuple[str, str, str]
"""Plan, group and model of a replica; of one that stays, in the new plan."""


@dataclass(frozen=True)
class Document:
    """A plan with what it was made from, as plain values.

    Parameters
    ----------
    groups
        Of the plan.
    profile_of
        Model -> profile -> its dump, with a hash of it.
    cluster
        Dump of the cluster.
    """

    groups: list[dict[str, Any]]
    profile_of: Mapping[str, dict[str, Any]]
    cluster: dict[str, Any]

    def usable(self) -> dict[str, int]:
        return {
            f"{pool['name']}-{node}": pool["device_memory_bytes"] - pool["reserved_memory_bytes"]
            for pool in self.cluster["node_pools"]
            for node in range(pool["count"])
        }

    @property
    def overhead(self) -> int:
        return int(self.cluster["serving"]["process_overhead_bytes"])

    def group(self, name: str) -> dict[str, Any]:
        return next(group for group in self.groups if group["name"] == name)

    def config(self, group: dict[str, Any], model: str) -> dict[str, Any]:
        shape = (group["device"], group["intra_op"], group["inter_op"])
        return next(
            config
            for config in self.profile_of[model]["configs"]
            if (config["device"], config["intra_op"], config["inter_op"]) == shape
        )

    def share(self, group: dict[str, Any], model: str, stage: int) -> int:
        """Memory of an engine's KV cache on each device of a stage."""
        node = group["devices"][0]["node"]
        free: int = self.usable()[node]
        for replica in group["replicas"]:
            config = self.config(group, replica["model"])
            free -= config["stage_weight_bytes"][stage] + self.overhead
            free -= (config.get("stage_working_bytes") or [0] * 99)[stage]
        fraction = next(r for r in group["replicas"] if r["model"] == model).get("kv_fraction")
        if fraction is None:
            return int(free // len(group["replicas"]))
        return int(fraction * free)

    def kv_tokens(self, group: dict[str, Any], model: str) -> int | None:
        config = self.config(group, model)
        if "stage_step_s" not in config:
            return None
        per_token: list[int] = config["stage_kv_bytes_per_token"]
        return min(
            self.share(group, model, stage) // of_token for stage, of_token in enumerate(per_token)
        )


def devices(group: dict[str, Any]) -> list[tuple[str, int]]:
    return [(item["node"], index) for item in group["devices"] for index in item["devices"]]


def shape(group: dict[str, Any]) -> tuple[Any, ...]:
    return group["device"], group["intra_op"], group["inter_op"], tuple(devices(group))


def models(group: dict[str, Any]) -> list[str]:
    return [replica["model"] for replica in group["replicas"]]


def engine_name(group: dict[str, Any], model: str) -> str:
    node, first = devices(group)[0]
    raw = f"{node}-d{first}-{group['intra_op']}x{group['inter_op']}-{model}"
    plain = re.sub("[^a-z0-9-]", "-", raw.lower())
    if plain == raw and len(raw) <= 53:
        return raw
    return f"{plain[:44]}-{hashlib.sha256(raw.encode()).hexdigest()[:8]}"


class Roll:
    """A roll-out under way.

    Parameters
    ----------
    old, new
        Both plans.
    """

    def __init__(self, old: Document, new: Document) -> None:
        self.old, self.new = old, new
        of_shape = {shape(group): group for group in old.groups}
        self.stays: set[Key] = set()
        self.as_new: dict[str, str] = {}
        for group in new.groups:
            match = of_shape.get(shape(group))
            if match is None:
                continue
            self.as_new[match["name"]] = group["name"]
            for model in set(models(group)) & set(models(match)):
                before, after = old.profile_of[model], new.profile_of[model]
                if before == after and (old.kv_tokens(match, model) == new.kv_tokens(group, model)):
                    self.stays.add(("new", group["name"], model))
        self.start = self.stays | {
            ("old", group["name"], model)
            for group in old.groups
            for model in models(group)
            if ("new", self.as_new.get(group["name"]), model) not in self.stays
        }
        self.goal = {("new", g["name"], model) for g in new.groups for model in models(g)}
        both = {m for g in old.groups for m in models(g)} & {m for _, _, m in self.goal}
        self.both = sorted(both)
        self._held = {key: list(self._bytes(key)) for key in self.start | self.goal}
        self._names = {key: engine_name(self.group(key), key[2]) for key in self._held}
        self._usable = self.old.usable() | self.new.usable()

    def group(self, key: Key) -> dict[str, Any]:
        return (self.old if key[0] == "old" else self.new).group(key[1])

    def config(self, key: Key) -> dict[str, Any]:
        return (self.old if key[0] == "old" else self.new).config(self.group(key), key[2])

    def _bytes(self, key: Key) -> Iterator[tuple[tuple[str, int], int, int]]:
        """Yield what is kept, and what is needed in turn, on each device."""
        document = self.old if key[0] == "old" else self.new
        group, config = self.group(key), self.config(key)
        for position, device in enumerate(devices(group)):
            stage = position // group["intra_op"]
            weights = config["stage_weight_bytes"][stage]
            if "stage_step_s" in config:
                working = (config["stage_working_bytes"] or [0] * 99)[stage]
                held = weights + working + self.new.overhead
                yield device, held + document.share(group, key[2], stage), 0
                continue
            working = config["stage_activation_bytes"][1][stage]
            if self.new.overhead:
                yield device, weights + working + self.new.overhead, 0
            else:
                yield device, weights, working

    def fullest(self, running: Iterable[Key]) -> float:
        kept, in_turn = Counter[Any](), dict[Any, int]()
        for key in running:
            for device, always, at_times in self._held[key]:
                kept[device] += always
                in_turn[device] = max(in_turn.get(device, 0), at_times)
        full = [(kept[d] + in_turn[d]) / self._usable[d[0]] for d in kept]
        return max(full, default=0.0)

    def copies(self, used: Iterable[Key]) -> Counter[str]:
        return Counter(model for _, _, model in used)

    def broken(self, running: set[Key], used: set[Key], outage: Iterable[str] = ()) -> list[str]:
        """Return the rules that a state breaks."""
        wrong = []
        if self.fullest(running) > 1:
            wrong.append("memory")
        owner: dict[tuple[str, int], str] = {}
        for key in used:
            # A matching group is one, whichever plan its replicas are of.
            name = (
                f"new {self.as_new[key[1]]}"
                if key[1] in self.as_new and key[0] == "old"
                else (f"{key[0]} {key[1]}")
            )
            taken = [d for d in devices(self.group(key)) if owner.setdefault(d, name) != name]
            wrong += [f"{device} is used by {name} and {owner[device]}" for device in taken]
        if max(Counter(self._names[key] for key in running).values(), default=0) > 1:
            wrong.append("names")
        if not used <= running:
            wrong.append("what is used does not run")
        copies = self.copies(used)
        wrong += [f"{m} is down" for m in self.both if not copies[m] and m not in outage]
        return wrong

    def can_be_rolled_out(self) -> bool:
        """Whether there is any order of steps, found by trying all of them."""
        old = frozenset(key for key in self.start if key[0] == "old")
        new = frozenset(self.goal - self.start)
        first = (old, frozenset[Key](), frozenset[Key]())
        seen, todo = {first}, [first]
        if self.broken(set(self.start), set(self.start)):
            return False
        while todo:
            left, loaded, used_new = todo.pop()
            if not left:
                return True
            for state in self._next(left, loaded, used_new, new):
                if state not in seen:
                    seen.add(state)
                    todo.append(state)
        return not old

    def _next(
        self,
        left: frozenset[Key],
        loaded: frozenset[Key],
        used_new: frozenset[Key],
        new: frozenset[Key],
    ) -> Iterator[tuple[frozenset[Key], frozenset[Key], frozenset[Key]]]:
        """Yield states after one load, and after one switch whose old replicas stop at once."""
        stays = self.stays
        for key in new - loaded:
            more = loaded | {key}
            if not self.broken({*stays, *left, *more}, {*stays, *left, *used_new}):
                yield left, more, used_new
        for number in range(1, len(left) + 1):
            for gone in combinations(sorted(left), number):
                rest = left - {*gone}
                taken = {d for key in rest for d in devices(self.group(key))}
                free = {
                    key
                    for key in loaded
                    if key[1] in self.as_new.values() or taken.isdisjoint(devices(self.group(key)))
                }
                if not self.broken({*stays, *left, *loaded}, {*stays, *rest, *free}):
                    yield rest, loaded, frozenset(free)


def check(found: dict[str, Any], old: Document, new: Document) -> None:
    """Take all steps of a diff, and look at everything that it says of them."""
    roll = Roll(old, new)
    allowed = found["options"]["allow_outage"]
    running, used = set(roll.start), set(roll.start)
    assert roll.broken(running, used, allowed) == []
    down = {model for model in roll.both if not roll.copies(used)[model]}
    pace = found["options"]
    total_s, loaded_bytes = 0.0, Counter[tuple[str, int]]()
    for number, step in enumerate(found["steps"], start=1):
        assert step["step"] == number
        add, remove = (
            [(item["plan"], item["group"], item["model"]) for item in step[side]]
            for side in ("add", "remove")
        )
        for item, key in zip(step["add"] + step["remove"], add + remove, strict=True):
            assert item["engine"] == engine_name(roll.group(key), key[2])
        assert all(key[0] == "new" and key not in roll.stays for key in add)
        assert all(key[0] == "old" for key in remove)
        assert add or remove
        of_device, busy_s = Counter[tuple[str, int]](), dict[tuple[str, int], float]()
        if step["do"] == "load":
            assert not remove
            assert running.isdisjoint(add)
            running |= {*add}
            for key in add:
                weights = roll.config(key)["stage_weight_bytes"]
                for position, device in enumerate(devices(roll.group(key))):
                    on_it = weights[position // roll.group(key)["intra_op"]]
                    of_device[device] += on_it
                    one_s = on_it / pace["load_bandwidth_bytes_per_s"] + pace["start_time_s"]
                    busy_s[device] = busy_s.get(device, 0.0) + one_s
            seconds = max(busy_s.values())
        elif step["do"] == "route":
            assert {*add} <= running - used
            assert {*remove} <= used
            used = used - {*remove} | {*add}
            seconds = 0.0
        else:
            assert step["do"] == "unload"
            assert not add
            assert {*remove} <= running - used
            running -= {*remove}
            seconds = pace["drain_time_s"]
        assert roll.broken(running, used, allowed) == [], f"after step {number}"
        assert step["bytes"] == sum(of_device.values())
        assert math.isclose(step["seconds"], seconds)
        assert math.isclose(step["fullest_device"], roll.fullest(running))
        copies = roll.copies(used)
        counted = [copies[model] for model in roll.both if model not in allowed]
        assert step["copies_min"] == min(counted, default=None)
        down |= {model for model in roll.both if not copies[model]}
        loaded_bytes += of_device
        total_s += seconds
    assert running == used == roll.goal
    assert found["outage"] == sorted(down)
    assert math.isclose(found["seconds"], total_s)
    assert {(each["node"], each["device"]): each["bytes"] for each in found["load_bytes"]} == dict(
        loaded_bytes
    )
