"""Which engines the profiles of a plan's LLMs were measured with, by what their sources say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from alpaplan.specs.plan import GroupSpec, PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.schedule import PlanOrSchedule
from alpaplan.specs.workload import ServedModel

ENGINES: Mapping[str, str] = {
    "vllm": "vLLM",
    "sglang": "SGLang",
    "tensorrt-llm": "TensorRT-LLM",
    "trtllm": "TensorRT-LLM",
    "lmdeploy": "LMDeploy",
}
"""What engines are called in sources, in lower case -> their names."""

_ENGINE = re.compile(
    rf"\b(?P<engine>{'|'.join(ENGINES)})[ -]v?(?P<version>\d+(?:\.\w+)+)", re.IGNORECASE
)


def engine_on(profile: ModelProfileSpec, device: str) -> str | None:
    """Return the engine and version that a source names for a device type.

    Devices are those named between one engine and the next, as in "vllm 0.14.0 on a100-sxm, vllm
    0.24.0 on h100-sxm"; an engine without any stands for all that no other one has.

    Returns
    -------
    Such as "vLLM 0.24.0"; None if the source names none for it.
    """
    source = profile.source or ""
    found = list(_ENGINE.finditer(source))
    ends = [*(match.start() for match in found[1:]), len(source)][: len(found)]
    devices = {config.device for config in profile.configs}
    for_all = None
    for match, end in zip(found, ends, strict=True):
        name = f"{ENGINES[match['engine'].lower()]} {match['version']}"
        named = {other for other in devices if _names(source[match.end() : end], other)}
        if device in named:
            return name
        if not named and for_all is None:
            for_all = name
    return for_all


def _names(text: str, device: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(device)}(?![\w-])", text) is not None


def differing_engines(
    plan: PlanOrSchedule,
    models: Iterable[ServedModel],
    profiles: Mapping[str, ModelProfileSpec],
) -> dict[str, list[str]]:
    """Return the engines of a plan's LLMs if they are not all the same one.

    Parameters
    ----------
    plan
        The groups, and what they hold; of a schedule those of all its placements.
    models, profiles
        The workload's models, and profile name -> profile.

    Returns
    -------
    Engine and version -> profile and device type of what was measured with it, such as
    "qwen3-8b on h100-sxm"; empty if there are not two of them.
    """
    profile_of = {model.name: profiles[model.profile] for model in models if model.is_llm}
    found: dict[str, list[str]] = {}
    for group in _groups_of(plan):
        for replica in group.replicas:
            profile = profile_of.get(replica.model)
            engine = None if profile is None else engine_on(profile, group.device)
            if profile is not None and engine is not None:
                what = f"{profile.name} on {group.device}"
                if what not in found.setdefault(engine, []):
                    found[engine].append(what)
    return found if len(found) > 1 else {}


def _groups_of(plan: PlanOrSchedule) -> Iterable[GroupSpec]:
    if isinstance(plan, PlanSpec):
        return plan.groups
    return (group for placement in plan.placements for group in placement.groups)
