"""Names and texts as Kubernetes takes them."""

from __future__ import annotations

import hashlib
import re

_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""A label of RFC 1035, as Services are named."""


def label_name(name: str) -> str:
    """Return a name that objects of every kind may have.

    That is the name itself, unless it begins with no letter or ends in a hyphen.
    """
    if _LABEL.fullmatch(name):
        return name
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return f"n-{name.strip('-')[:44]}-{sha256[:8]}"


def without_variables(text: str) -> str:
    """Keep Kubernetes from taking ``$(NAME)`` for a variable, and ``$$`` for a dollar sign."""
    return re.sub(r"\$\$+|\$(?=\()", lambda found: found[0] * 2, text)
