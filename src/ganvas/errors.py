"""What the user can mend. The command line prints these as one line and exits with 2; nothing else is caught."""


class GanvasError(Exception):
    """A mistake that the user can mend: one line naming the file, key or value, and what to do about it."""
