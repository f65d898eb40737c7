"""Bytes to specs and back: line numbers, all errors at once, whole files or none."""
