"""What the names of numbers in ``stats.jsonl`` are called where people read them."""

from __future__ import annotations

NAMES = {
    "l1": "ℓ1",
    "mse": "mean squared error",
    "lpips": "LPIPS",
    "ssim": "SSIM",
    "psnr_db": "PSNR",
    "cycle_psnr_db": "PSNR there and back",
    "cycle_psnr_back_db": "PSNR back and there",
    "r1": "R1",
    "r2": "R2",
    "cycle": "there and back",
    "real_logits": "real pictures",
    "fake_logits": "fakes",
    "spread_ratio": "spread",
    "vendi_ratio": "variety",
    "likeness": "likeness to real pictures",
    "told_apart": "real and fake told apart",
    "held_out_gap": "overfitting",
    "agreement": "agreement of light and dark",
    "moved": "moved from the source",
    "gained": "gained over the source",
    "trained_l1": "trained on",
    "held_out_l1": "unseen",
    "stands_out": "grid",
}


def called(name: str) -> str:
    """``discriminator/real_logits`` → ``discriminator: real pictures``; what nobody has named keeps its own words."""
    return ": ".join(NAMES.get(part, part.replace("_", " ")) for part in name.split("/", 1))
