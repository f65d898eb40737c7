"""Fast queueing simulation of a placement under given arrivals."""
