"""How good are translations? Beside doing nothing, the mean picture, other snapshots, and real pictures."""

from ganvas.evaluate.translation.examine import Asked, Subject, examine_translation
from ganvas.evaluate.translation.scorecard import COLUMNS, Cell, Row, ScoreCard, WayScores

__all__ = ["COLUMNS", "Asked", "Cell", "Row", "ScoreCard", "Subject", "WayScores", "examine_translation"]
