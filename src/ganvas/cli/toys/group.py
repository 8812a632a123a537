"""``ganvas toy NAME``: the lecture's games, one command a toy."""

from __future__ import annotations

import typer

from ganvas.cli.toys.completion import trained_to_completion
from ganvas.cli.toys.critic import critic
from ganvas.cli.toys.gaussian_shift import gaussian_shift
from ganvas.cli.toys.plane import DESCRIPTIONS, draw, picture, plane_command, variants
from ganvas.cli.toys.wasserstein import wasserstein

toy = typer.Typer(
    help="The textbook's games, on paper and trained: figures, animations and all their numbers.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
toy.command("gaussian-shift")(gaussian_shift)
toy.command("trained-to-completion")(trained_to_completion)
toy.command("wasserstein")(wasserstein)
toy.command("critic")(critic)
for name in DESCRIPTIONS:
    toy.command(name)(plane_command(name))
toy.command("picture")(picture)
toy.command("draw")(draw)
toy.command("variants")(variants)
