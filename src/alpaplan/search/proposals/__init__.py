"""Group partitions proposed by a queueing estimate and integer programming."""
