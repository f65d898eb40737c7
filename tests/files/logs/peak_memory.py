"""Import a log and print the most memory that the process has had, in MiB.

``python -m tests.files.logs.peak_memory LOG TRACE FORMAT [RUN_BYTES]``, on Linux.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alpaplan.files.logs import sorting
from tests.files.logs.importing import import_files


def peak_mib(log: Path, trace: Path, log_format: str, run_bytes: int | None = None) -> float:
    """Run this module in a process of its own, and return what it prints."""
    command = [sys.executable, "-m", __name__, str(log), str(trace), log_format]
    command += [] if run_bytes is None else [str(run_bytes)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _own_peak_mib() -> float:
    # Not getrusage: its ru_maxrss begins with what the parent process had.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    if len(sys.argv) > 4:
        sorting.RUN_BYTES = sorting.MERGE_BYTES = int(sys.argv[4])
    import_files([Path(sys.argv[1])], sys.argv[3], Path(sys.argv[2]))
    sys.stdout.write(f"{_own_peak_mib()}\n")
