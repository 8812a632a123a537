"""``ganvas toy NAME``: the lecture's games, one command a toy."""

from __future__ import annotations

import typer

toy = typer.Typer(
    help="The textbook's games, on paper and trained: figures, animations and all their numbers.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
