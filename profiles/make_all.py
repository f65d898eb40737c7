"""Make all profiles of this folder again, the same bytes each time.

Run it from anywhere; it needs ``pip install '.[aiconfigurator]'`` in the repository::

    python profiles/make_all.py [FOLDER]

It runs ``make_alpaserve.py`` and ``make_aiconfigurator.py``, which say where the numbers come
from. FOLDER is where the profiles go (default: beside this script).
"""

from __future__ import annotations

import sys
from pathlib import Path

import make_aiconfigurator
import make_alpaserve


def main(folder: Path) -> None:
    """Write all profiles into the folder."""
    make_alpaserve.main(folder)
    make_aiconfigurator.main(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
