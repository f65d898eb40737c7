"""A plan as one page for a browser: a template, and what it shows."""
