try:
    from ganvas.evaluate.verdicts import verdicts
except ImportError:
    def verdicts(card): return []
