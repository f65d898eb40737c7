"""Python's collector of cycles: objects that refer to each other, and to which nothing else does.

All others are freed once nothing refers to them. A command makes next to no cycles, and loads some
300,000 objects of its libraries, which the collector would go through again and again.
"""

from __future__ import annotations

import atexit
import gc

_NUM_NEW_OBJECTS = 100_000
"""New objects after which it looks for cycles among them (a count; 700, as usual, to 1,000,000)."""


def collect_seldom() -> None:
    """Let the collector run rarely, and not at the end: then all memory is freed."""
    gc.set_threshold(_NUM_NEW_OBJECTS)
    atexit.unregister(gc.freeze)  # of a command before this one
    atexit.register(gc.freeze)
