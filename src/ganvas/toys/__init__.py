"""The textbook's games: on paper (no torch) and trained by the toolkit's own loop, with figures to look at."""
