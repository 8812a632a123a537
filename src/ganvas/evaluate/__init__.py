"""The report card of a generator: what was measured, how, and beside which reference."""

from ganvas.evaluate.card import Card, ClassRow, Measurement, Protocol
from ganvas.evaluate.extractors import EXTRACTORS
from ganvas.evaluate.measure import compare_sets, evaluate
from ganvas.evaluate.sets import ImageSet

__all__ = ["EXTRACTORS", "Card", "ClassRow", "ImageSet", "Measurement", "Protocol", "compare_sets", "evaluate"]
