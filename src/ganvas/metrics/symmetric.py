"""What is known to be symmetric costs half: products and eigenvalues by the BLAS and LAPACK routines made for it.

torch has none of these on the CPU, so there SciPy's are called; elsewhere torch's plain products stand in. Matrices are
float64 and symmetric (d, d); only their lower triangle (with the diagonal) is promised to be right, and only that is
read, as `torch.linalg.cholesky`, `eigh` and `eigvalsh` do.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gram(rows: Tensor) -> Tensor:
    """AᵀA (d, d) of float64 rows A (N, d): a symmetric rank-N update (dsyrk), N d² instead of 2 N d² operations."""
    if rows.device.type != "cpu":
        return rows.T @ rows
    from scipy.linalg import blas

    return torch.from_numpy(blas.dsyrk(1.0, rows.contiguous().numpy().T, lower=1))  # Fortran reads the transpose


def congruent(factor: Tensor, middle: Tensor) -> Tensor:
    """LᵀSL of a lower triangular ``factor`` L and a symmetric ``middle`` S (dsygst), d³ instead of 4 d³ operations."""
    if middle.device.type != "cpu":
        return factor.T @ whole(middle) @ factor
    from scipy.linalg import lapack

    product, failed = lapack.dsygst(middle.numpy(), factor.numpy(), itype=2, lower=1)
    assert not failed, "its arguments are what they should be"
    return torch.from_numpy(product)


def eigenvalues(matrix: Tensor) -> Tensor:
    """Of a symmetric matrix (d, d), rising: (d,)."""
    if matrix.device.type != "cpu":
        found: Tensor = torch.linalg.eigvalsh(matrix)
        return found
    from scipy.linalg import eigh

    return torch.from_numpy(eigh(matrix.numpy(), eigvals_only=True, driver="evr", check_finite=False))


def whole(matrix: Tensor) -> Tensor:
    """With the upper triangle that its lower one implies."""
    return matrix.tril() + matrix.tril(-1).T
