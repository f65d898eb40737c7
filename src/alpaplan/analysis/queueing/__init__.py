"""Queueing theory in closed form: waits, what an objective allows, and when pipelines pay."""
