"""What a simulation changed of the cluster and the traffic, in words."""

from __future__ import annotations

from collections.abc import Iterator

from alpaplan.planning.what_if import WhatIf
from alpaplan.report.prose import Paragraph


def what_if_lines(what_if: WhatIf) -> Iterator[Paragraph]:
    """Yield a line that says what is not as stated; none if all is."""
    rates = what_if.rates
    parts = []
    if what_if.lost_nodes:
        parts.append(f"without {', '.join(dict.fromkeys(what_if.lost_nodes))}")
    if rates.everyone != 1:
        parts.append(f"requests {rates.everyone:g} times as fast")
    parts += [
        f"requests of {name} {scale:g} times as fast" for name, scale in rates.by_model.items()
    ]
    if parts:
        yield Paragraph("What if: " + "; ".join(parts))
