"""Schedules: inputs and windows of time to placements that change."""
