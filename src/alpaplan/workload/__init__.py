"""Arrivals: the processes that generate them and the traces they leave."""
