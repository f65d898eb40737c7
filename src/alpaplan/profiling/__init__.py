"""What stages of a model cost: layers cut into stages, estimates, interpolation, overheads."""
