"""Model profiles from what other tools measured: one module a format, and their registry."""
