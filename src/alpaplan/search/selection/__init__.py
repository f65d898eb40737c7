"""Selections: which models' replicas given groups get. Search methods are made of these."""
