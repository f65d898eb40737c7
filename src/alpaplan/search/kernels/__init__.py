"""Compiled loops of the local improvement: they propose changes, and race them against what is."""
