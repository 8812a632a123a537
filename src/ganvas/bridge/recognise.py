"""Which network a file of weights is of: told from the names and shapes of its tensors."""

from __future__ import annotations

from itertools import islice

from ganvas.bridge import esrgan, patches, pix2pix
from ganvas.bridge.foreign import Foreign
from ganvas.errors import GanvasError
from ganvas.weights import State

DIALECTS = (*pix2pix.DIALECTS, *esrgan.DIALECTS, *patches.DIALECTS)
WRAPPINGS = ("params_ema.", "params.", "ema_state_dict.", "state_dict.")
"""What a file may hold besides other things; the average of weights is preferred."""
PREFIXES = ("module.", "_orig_mod.")
"""What PyTorch's wrappers (data parallel, compiled) put before every name."""
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")

OTHERS = {
    "conv0.weight": "a discriminator of Real-ESRGAN: nothing to translate with",
    "conv0_0.weight": "a discriminator of ESRGAN: nothing to translate with",
    "mlp_0.0.weight": "the patch features of CUT's contrastive loss: nothing to translate with; take its net_G file",
    "model.2.filt": "a discriminator of CUT: nothing to translate with",
    "scale0_layer0.0.weight": "a discriminator of pix2pixHD: nothing to translate with",
}
"""A tensor that gives away what ganvas knows but has no network for."""


def recognise(state: State) -> Foreign:
    """What the tensors of a file are of: U-Net and ResNet of pix2pix, CycleGAN and CUT, their discriminators, RRDB of
    ESRGAN (all three generations of names) and Real-ESRGAN, and its compact networks.

    Args:
        state: name → tensor, as `ganvas.weights.read_state` gives it.

    Raises:
        GanvasError: none of these; the line lists the first names.
    """
    state = _without_instance_statistics(_unwrapped(state))
    for dialect in DIALECTS:
        if dialect.speaks(state):
            return dialect.read(state)
    for name, what in OTHERS.items():
        if name in state:
            raise GanvasError(f"this is {what}")
    first = ", ".join(islice(state, 3)) or "nothing"
    raise GanvasError(
        f"no network that ganvas knows has these tensors ({first}, … {len(state)} in all); it knows the generators of "
        "pix2pix, CycleGAN, CUT, ESRGAN and Real-ESRGAN"
    )


def _unwrapped(state: State) -> State:
    """The names as the network itself has them."""
    for wrapping in WRAPPINGS:
        if any(name.startswith(wrapping) for name in state):
            state = {name.removeprefix(wrapping): t for name, t in state.items() if name.startswith(wrapping)}
            break
    for prefix in PREFIXES:
        if state and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): t for name, t in state.items()}
    return state


def _without_instance_statistics(state: State) -> State:
    """Before PyTorch 0.4 instance normalisation wrote running statistics that it never used. Batch normalisation,
    which does use them, is told by its scales."""
    return {
        name: t
        for name, t in state.items()
        if not name.endswith(_STATISTICS) or f"{name.rpartition('.')[0]}.weight" in state
    }
