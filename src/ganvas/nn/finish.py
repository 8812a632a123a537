"""How a translation leaves its network."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ganvas.errors import GanvasError

Finish = Callable[[Tensor, Tensor], Tensor]
"""(the last layer's output, the source) → pictures."""


def painted(output: Tensor, source: Tensor) -> Tensor:
    """A picture of its own, in [−1, 1] by tanh."""
    return output.tanh()


def added(output: Tensor, source: Tensor) -> Tensor:
    """The source with changes; nothing holds it in [−1, 1] but what it is trained for."""
    return source + output


def finish(residual: bool, source: int, target: int, last: nn.Module) -> Finish:
    """`painted`, or `added`; then ``last``, the layer that says what to add, starts by saying nothing.

    Raises:
        GanvasError: changes of a source of other channels than the target's.
    """
    if not residual:
        return painted
    if source != target:
        raise GanvasError(
            f"generator.residual adds to the source, which has {source} channels where the picture has {target}; "
            "set generator.residual=false"
        )
    for parameter in last.parameters():
        nn.init.zeros_(parameter)
    return added
