"""``ganvas``: one verb a file; errors that the user can mend are one line and exit status 2."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from ganvas.cli.check import check
from ganvas.cli.compare import compare
from ganvas.cli.convert import convert
from ganvas.cli.demo import demo
from ganvas.cli.evaluate import evaluate
from ganvas.cli.inspect import inspect
from ganvas.cli.interpolate import interpolate
from ganvas.cli.metrics import metrics
from ganvas.cli.recipes import recipes
from ganvas.cli.report import report
from ganvas.cli.runs import runs
from ganvas.cli.sample import sample
from ganvas.cli.toys.group import toy
from ganvas.cli.train import train
from ganvas.cli.translate import translate
from ganvas.cli.upscale import upscale
from ganvas.cli.weights import weights
from ganvas.errors import GanvasError

app = typer.Typer(
    help="The GAN workbench: train, measure and use generative adversarial networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for verb in (
    demo,
    recipes,
    inspect,
    train,
    check,
    sample,
    interpolate,
    translate,
    upscale,
    evaluate,
    compare,
    metrics,
    convert,
    weights,
    runs,
    report,
):
    app.command()(verb)
app.add_typer(toy, name="toy")


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)


def main() -> None:
    """The console script."""
    # read when torch is loaded: threads that spin while they wait stall each other on a machine that is not idle
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app()
    except GanvasError as error:
        if "--debug" in sys.argv:
            raise
        sys.exit(_say(str(error), 2))
    except KeyboardInterrupt:
        sys.exit(_say("interrupted", 130))


def _say(line: str, status: int) -> int:
    print(f"error: {' '.join(line.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
