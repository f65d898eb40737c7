"""What parallelism costs: the overhead of a configuration, split by its causes.

After AlpaServe (Li et al., OSDI 2023, arXiv 2302.11665), section 3.3, whose figure splits the
overhead of inter-op parallelism into communication and "uneven partition" and that of intra-op
parallelism into communication (``experiments/motivation/overhead_decomposition.py`` of
github.com/alpa-projects/mms). Here both hold together, for configurations with both kinds of
parallelism, and differences are not cut off at zero.

With t = ``intra_op``, p = ``inter_op``, S the sum and M the longest of a configuration's stage
latencies, all at one batch size, one batch occupies ``t p M`` device-seconds when the pipeline is
kept busy. Ideal are those that the reference, the smallest configuration of the device type
(`alpaplan.profiling.reference`), works on it: ``t0 S0``. The difference is

    t p M - t0 S0  =  (t S - t0 S0)  +  (t p M - t S)
                      communication     imbalance

and communication is split at the configuration (t, 1), if the profile has it:

    t S - t0 S0  =  (t L(t, 1) - t0 S0)  +  (t S - t L(t, 1))
                    intra-op                inter-op

For a reference of one stage, ``t0 S0`` is its devices times its latency. One of several stages
has no communication of its own by this definition, and the imbalance that its stages have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from alpaplan.profiling.batch_sizes import stage_latency_s
from alpaplan.specs.profile import ProfiledConfig


@dataclass(frozen=True)
class Overhead:
    """Device-seconds beyond the reference's, as fractions of the reference's.

    Negative ones are device-seconds saved, which measurements may well show. `imbalance` never
    is. The sums are exact: `total` is `communication` + `imbalance`, and `communication` is the sum
    of its two parts where these are known.

    Parameters
    ----------
    communication
        What stages take longer together than the reference takes: all-reduces and other work that
        intra-op parallelism adds, and handing over from stage to stage.
    intra_op_communication, inter_op_communication
        Its parts; None where the profile lacks the configuration of as many devices for each
        stage and one stage.
    imbalance
        Time that devices wait because the stages are not equally long.
    """

    communication: float
    intra_op_communication: float | None
    inter_op_communication: float | None
    imbalance: float

    @property
    def total(self) -> float:
        """All overhead."""
        return self.communication + self.imbalance

    def to_json_dict(self) -> dict[str, float | None]:
        """Return the data for JSON."""
        return {
            "communication": self.communication,
            "intra_op_communication": self.intra_op_communication,
            "inter_op_communication": self.inter_op_communication,
            "imbalance": self.imbalance,
            "total": self.total,
        }


def overhead_of(
    config: ProfiledConfig,
    reference: ProfiledConfig,
    same_device: Iterable[ProfiledConfig],
    batch_size: int = 1,
) -> Overhead:
    """Split the overhead of a configuration against a reference; see this module for formulas.

    Parameters
    ----------
    config, reference
        Of one device type.
    same_device
        All configurations of that device type that reach the batch size; the one of a single
        stage that splits communication is looked for here.
    batch_size
        Requests of one batch.

    Raises
    ------
    UnprofiledBatchSizeError
        If the batch size is outside the profiled range of a configuration.
    """
    ideal = math.fsum(_stage_device_s(reference, batch_size))
    stages = _stage_device_s(config, batch_size)
    # Sums are rounded once: equal stages then have no imbalance, and others no negative one.
    working = math.fsum(stages)
    imbalance = (len(stages) * max(stages) - working) / ideal
    for other in same_device:
        if (other.intra_op, other.inter_op) == (config.intra_op, 1):
            (single_stage,) = _stage_device_s(other, batch_size)
            intra_op = (single_stage - ideal) / ideal
            inter_op = (working - single_stage) / ideal
            return Overhead(intra_op + inter_op, intra_op, inter_op, imbalance)
    return Overhead((working - ideal) / ideal, None, None, imbalance)


def _stage_device_s(config: ProfiledConfig, batch_size: int) -> list[float]:
    """Return the device-seconds that each stage works on a batch."""
    return [config.intra_op * x for x in stage_latency_s(config, batch_size)]
