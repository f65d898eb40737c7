"""How many threads the system allows: containers and ``ulimit -u`` limit their number."""

from __future__ import annotations

import threading


def num_startable(count: int) -> int:
    """Return how many of `count` threads can be started at once right now, by starting them."""
    end = threading.Event()
    started = []
    try:
        for _ in range(count):
            thread = threading.Thread(target=end.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:  # the system has no more
        pass
    finally:
        end.set()
    for thread in started:
        thread.join()
    return len(started)
