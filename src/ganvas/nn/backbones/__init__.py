"""Public networks whose trained weights people measure with, in plain torch; `ganvas.weights` finds the files.

Every module takes float32 (N, 3, H, W) already resized and normalised as its docstring says, and its keys are those of
the public file, so that a file fits without translation.
"""
