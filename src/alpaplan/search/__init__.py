"""Search for a good placement."""
