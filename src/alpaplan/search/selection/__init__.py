"""Selections: which replicas the groups of a partition get. Search methods are made of these."""
