"""Formulas of queueing theory: waits, losses, and what pooling devices is worth."""
