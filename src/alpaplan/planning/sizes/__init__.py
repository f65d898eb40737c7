"""Sizes and sweeps: how attainment changes with traffic, objectives and nodes, and its limits."""
