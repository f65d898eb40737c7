"""A plan with what its replicas run: the two sides of a diff."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alpaplan.errors import InputError, Issue, Location
from alpaplan.files.document import Document, load_document
from alpaplan.files.profiles import load_profiles
from alpaplan.files.shipped import shipped_profiles
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.located_errors import collected_errors
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.start import recorded_profiles
from alpaplan.problem.build import resolve_slo_s
from alpaplan.problem.checker import check_plan
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.lengths import TokenObjectives
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import ServedModel, WorkloadSpec

OBJECTIVES = ("slo_s", "ttft_s", "tpot_s")
"""What a model may have to attain, in the order in which it is shown."""


@dataclass(frozen=True)
class RunProfile:
    """A profile as a plan's replicas run it.

    Parameters
    ----------
    spec
        The profile.
    sha256
        Hash of its file when the plan was made: another one is another model.
    """

    spec: ModelProfileSpec
    sha256: str


@dataclass(frozen=True)
class DeployedPlan:
    """A plan and all that is needed of its inputs to run it.

    Parameters
    ----------
    plan
        The plan.
    sha256
        Hash of its file.
    cluster
        What it was planned for.
    profiles
        Model -> profile, of the models that have replicas.
    objectives
        Model -> objective -> seconds, of all models that the plan is for.
    """

    plan: PlanSpec
    sha256: str
    cluster: ClusterSpec
    profiles: Mapping[str, RunProfile]
    objectives: Mapping[str, Mapping[str, float]]

    @classmethod
    def of_inputs(cls, plan: PlanSpec, sha256: str, inputs: Inputs) -> DeployedPlan:
        """Return a plan for inputs that are loaded; it has to be valid for them."""
        models = {model.name: model for model in inputs.workload.models}
        hashes = recorded_profiles(plan)
        documents = inputs.files.profiles
        profiles = {}
        for name in _placed_models(plan):
            profile = models[name].profile
            spec = inputs.profiles[profile]
            read = documents[profile].sha256 if profile in documents else _hash_of(spec)
            profiles[name] = RunProfile(spec, hashes.get(profile, read))
        devices = {pool.device for pool in inputs.cluster.node_pools}
        listed = {model.name: model for model in plan.models}
        objectives = {
            name: (
                _objectives(listed[name].slo_s, listed[name].slo)
                if name in listed
                else _objectives_of(model, inputs.profiles[model.profile], devices)
            )
            for name, model in models.items()
        }
        return cls(plan, sha256, inputs.cluster, profiles, objectives)


def load_deployed(document: Document[PlanSpec], paths: InputPaths) -> DeployedPlan:
    """Return the plan that runs now.

    Its inputs may have changed since: a committed plan is renewed in place. What the plan says
    itself counts then, and of its inputs only what it does not say.

    Parameters
    ----------
    document
        The plan.
    paths
        Its inputs.

    Raises
    ------
    InputError
        With everything wrong with any of the files, and what keeps the plan from running.
    """
    cluster_path, workload_path = paths.required()
    lines: list[str] = []
    with collected_errors(lines):
        cluster = load_document(cluster_path, ClusterSpec)
    plan = document.spec
    listed = {model.name: model for model in plan.models}
    placed = _placed_models(plan)
    workload: Document[WorkloadSpec] | None = None
    if any(name not in listed for name in placed) or workload_path.exists():
        with collected_errors(lines):
            workload = load_document(workload_path, WorkloadSpec)
    if lines:
        raise InputError(lines)
    served = {} if workload is None else {m.name: m for m in workload.spec.served_models()}
    profile_of = {name: listed[name].profile for name in placed if name in listed}
    profile_of |= {
        name: served[name].profile for name in placed if name not in listed and name in served
    }
    folder = shipped_profiles() if paths.profiles is None else paths.profiles
    loaded = load_profiles(folder, profile_of.values())
    specs = {name: profile.spec for name, profile in loaded.items()}
    issues = list(_light_check(plan, profile_of, specs))
    if not issues and workload is not None and _is_unchanged(document, cluster, workload):
        known = {model.profile for model in served.values()}
        more = load_profiles(folder, known - specs.keys())
        specs |= {name: profile.spec for name, profile in more.items()}
        if known <= specs.keys():
            issues = check_plan(cluster.spec, workload.spec, specs, plan)
    if issues:
        raise InputError(document.error_line(issue) for issue in issues)
    hashes = recorded_profiles(plan)
    profiles = {
        name: RunProfile(specs[profile], hashes.get(profile, loaded[profile].sha256))
        for name, profile in profile_of.items()
    }
    devices = {pool.device for pool in cluster.spec.node_pools}
    objectives = {name: _objectives(model.slo_s, model.slo) for name, model in listed.items()}
    objectives |= {
        name: _objectives_of(model, specs[model.profile], devices)
        for name, model in served.items()
        if model.profile in specs and name not in listed and (not listed or name in profiles)
    }
    return DeployedPlan(plan, document.sha256, cluster.spec, profiles, objectives)


def _hash_of(profile: ModelProfileSpec) -> str:
    """Return a hash of a profile that was made in memory."""
    return hashlib.sha256(profile.model_dump_json().encode()).hexdigest()


def _placed_models(plan: PlanSpec) -> list[str]:
    return list(dict.fromkeys(replica.model for group in plan.groups for replica in group.replicas))


def _is_unchanged(
    document: Document[PlanSpec], cluster: Document[ClusterSpec], workload: Document[WorkloadSpec]
) -> bool:
    """Whether both are still what the plan was made from, as far as it says."""
    made = document.spec.provenance
    recorded = {record.role: record.sha256 for record in ([] if made is None else made.inputs)}
    return (
        recorded.get("cluster", cluster.sha256) == cluster.sha256
        and recorded.get("workload", workload.sha256) == workload.sha256
    )


def _light_check(
    plan: PlanSpec, profile_of: Mapping[str, str], profiles: Mapping[str, ModelProfileSpec]
) -> Iterator[Issue]:
    """Yield what keeps a plan from running whatever its cluster and workload say now."""
    where: Location
    owner: dict[tuple[str, int], str] = {}
    for index, group in enumerate(plan.groups):
        for position, item in enumerate(group.devices):
            for place, device in enumerate(item.devices):
                other = owner.setdefault((item.node, device), group.name)
                if other != group.name:
                    where = ("groups", index, "devices", position, "devices", place)
                    taken = f"device {device} of {item.node} belongs to {other!r}"
                    yield Issue(where, f"must have devices of its own, but {taken}")
        wanted = group.intra_op * group.inter_op
        found = sum(len(item.devices) for item in group.devices)
        if found != wanted:
            where = ("groups", index, "devices")
            yield Issue(where, f"must have intra_op * inter_op = {wanted} devices, found {found}")
        for position, replica in enumerate(group.replicas):
            where = ("groups", index, "replicas", position, "model")
            name = profile_of.get(replica.model)
            if name is None or name not in profiles:
                what = "is neither listed under models nor in the workload"
                if name is not None:
                    what = f"has profile {name!r}, which is not in the folder of profiles"
                yield Issue(where, f"must have a profile, but {replica.model!r} {what}")
            elif profiles[name].find_config(group.device, group.intra_op, group.inter_op) is None:
                yield Issue(
                    where,
                    f"runs intra_op {group.intra_op}, inter_op {group.inter_op} on "
                    f"{group.device!r}, which profile {name!r} of {replica.model!r} does not list",
                )


def _objectives(slo_s: float | None, slo: TokenObjectives | None) -> dict[str, float]:
    found = {
        "slo_s": slo_s,
        "ttft_s": None if slo is None else slo.ttft_s,
        "tpot_s": None if slo is None else slo.tpot_s,
    }
    return {name: found_s for name in OBJECTIVES if (found_s := found[name]) is not None}


def _objectives_of(
    model: ServedModel, profile: ModelProfileSpec, devices: set[str]
) -> dict[str, float]:
    slo_s = resolve_slo_s(model, profile, devices)
    return _objectives(slo_s if math.isfinite(slo_s) else None, model.slo)
