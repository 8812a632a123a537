"""Divergences, transport and games on paper, exact and without torch."""
