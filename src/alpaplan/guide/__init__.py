"""The guide: Markdown pages that ``alpaplan guide`` shows, and their index."""
