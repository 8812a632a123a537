"""A foreign network, once it is understood."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ganvas.errors import GanvasError
from ganvas.models.networks import DiscriminatorConfig, TranslatorConfig
from ganvas.space import Source, Space
from ganvas.weights import State

Modules = dict[str, str]
"""Their name of a layer → ours; what stands behind it (weight, bias, running_mean …) is called alike."""


@dataclass(frozen=True)
class Foreign:
    """What a file of weights turns out to hold."""

    what: str
    """In words, for the user."""
    paper: str
    config: TranslatorConfig | DiscriminatorConfig
    source: Source
    """What the network reads; for a discriminator, what it judges."""
    target: Space
    weights: State
    """Under the names of our network."""
    test_mode: Literal["train", "eval"] = "eval"
    zero: tuple[str, ...] = (".num_batches_tracked",)
    """Endings of the names of tensors that the file may lack because they are zero."""
    notes: tuple[str, ...] = ()
    """What the file does not tell, and what was therefore taken."""

    @property
    def translates(self) -> bool:
        """Whether it is a generator."""
        return isinstance(self.config, TranslatorConfig)

    def fill(self, network: nn.Module) -> None:
        """Put the weights into our network.

        Raises:
            GanvasError: they do not fit.
        """
        known = network.state_dict()
        absent = {name: t.new_zeros(t.shape) for name, t in known.items() if name.endswith(self.zero)}
        weights = absent | {name: t.float() if t.is_floating_point() else t for name, t in self.weights.items()}
        wrong = [name for name, t in known.items() if name not in weights or weights[name].shape != t.shape]
        if wrong or len(weights) != len(known):
            first = (wrong or sorted(set(weights) - set(known)))[0]
            raise GanvasError(f"this looks like {self.what}, but '{first}' does not fit")
        network.load_state_dict(weights)


@dataclass(frozen=True)
class Dialect:
    """How one tool calls the layers of one architecture."""

    speaks: Callable[[State], bool]
    """Whether these are its names."""
    read: Callable[[State], Foreign]


def renamed(state: State, modules: Modules, what: str) -> State:
    """The tensors of a file under our names.

    Raises:
        GanvasError: a name that has no place.
    """
    ours: State = {}
    for name, tensor in state.items():
        module, _, leaf = name.rpartition(".")
        if module not in modules:
            raise GanvasError(f"this looks like {what}, but nothing there is called '{name}'")
        ours[f"{modules[module]}.{leaf}"] = tensor
    return ours


def written(weights: Mapping[str, Tensor], modules: Modules) -> State:
    """Our tensors under their names."""
    theirs = {our: their for their, our in modules.items()}
    split = ((name.rpartition("."), tensor) for name, tensor in weights.items())
    return {f"{theirs[module]}.{leaf}": tensor.detach().cpu().clone() for (module, _, leaf), tensor in split}


def count(state: State, ending: str, dimensions: int = 4) -> int:
    """How many tensors of so many dimensions have names with that ending."""
    return sum(name.endswith(ending) and t.ndim == dimensions for name, t in state.items())


def numbers(names: Iterable[str], before: str, after: str = "") -> list[int]:
    """The different numbers that stand between two texts in names, sorted: model.10.conv_block.1 → 10."""
    found = (name.removeprefix(before).partition(".") for name in names if name.startswith(before))
    return sorted({int(number) for number, _, rest in found if number.isdecimal() and rest.startswith(after)})
