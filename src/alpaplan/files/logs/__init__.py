"""Request logs of other systems, read in bounded memory and made into traces.

Each format is a module of its own and a line in `registry`.
"""
