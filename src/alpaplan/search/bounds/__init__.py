"""What no placement surpasses: an upper bound on the SLO attainment."""
