"""Placement planner for serving many large deep-learning models on a GPU cluster."""

__version__ = "0.1.0"
