"""Compiled loops of local improvement: they propose changes, and race them."""
