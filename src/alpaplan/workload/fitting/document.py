"""A workload whose arrivals are fitted ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alpaplan.specs.workload import ModelEntry, ServedModel, WorkloadSpec
from alpaplan.workload.fitting.lengths import LengthsFit
from alpaplan.workload.fitting.trace_fit import ModelFit


def fitted_workload(
    name: str,
    models: Sequence[ServedModel],
    fits: Iterable[ModelFit],
    lengths: Iterable[LengthsFit],
) -> WorkloadSpec:
    """Give models the processes and lengths that were fitted to them.

    Parameters
    ----------
    name
        Of the workload.
    models
        Profile, objective and weight of each model.
    fits
        At least one; models without are left out.
    lengths
        Of those of the models that are LLMs.
    """
    arrivals = {fit.name: fit.arrivals for fit in fits}
    lengths_of = {fit.name: fit.lengths for fit in lengths}
    entries = tuple(
        ModelEntry(
            name=model.name,
            profile=model.profile,
            slo_s=model.slo_s,
            slo_scale=model.slo_scale,
            slo=model.slo,
            weight=model.weight,
            max_context_tokens=model.max_context_tokens,
            arrivals=arrivals[model.name],
            lengths=lengths_of.get(model.name),
        )
        for model in models
        if model.name in arrivals
    )
    return WorkloadSpec(kind="workload", version=1, name=name, models=entries)
