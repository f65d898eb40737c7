"""What models, plans and recordings say in numbers: comparisons, drift, queueing theory."""
