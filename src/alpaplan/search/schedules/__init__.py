"""Placements that change over time: how they are found."""
