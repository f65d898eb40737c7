"""Plans to what runs: files that start engines and their router, and how to get there."""
