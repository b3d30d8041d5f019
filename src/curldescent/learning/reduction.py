"""A wide linear student in the few coordinates that can change, exactly.

Hidden neurons whose synapses on both sides learn alike (a group) enter an update through their Gram matrix only. With
an orthonormal basis Q of what their weights span, the columns [W1, W2ᵀ (, B)] = Q R, R learns as a student of its own
with at most M + O (+ O) neurons, and Q R is the wide student at any time: docs/theory.md, order parameters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Members = NDArray[np.int64]
# Which hidden neurons, and Q (neurons, coordinates) of what can change in them; None where that is everything.
Group = tuple[Members, Array | None]


def equally_plastic(post: Array, readout_strengths: Array) -> list[Members]:
    """Hidden neurons with equal strengths on both sides, group by group.

    Args:
        post: strengths of their incoming synapses, (N,).
        readout_strengths: of their outgoing ones, (O, N).

    Returns:
        The members of every group.

    Example:
        >>> [members.tolist() for members in equally_plastic(np.ones(3), np.array([[-1.0, 1.0, -1.0]]))]
        [[0, 2], [1]]
    """
    kinds = np.concatenate([post[:, None], readout_strengths.T], axis=1)
    _, kind = np.unique(kinds, axis=0, return_inverse=True)
    return [np.flatnonzero(kind == k) for k in range(kind.max() + 1)]


def coordinates(group: Group) -> int:
    """How many neurons stand for a group."""
    members, basis = group
    return len(members) if basis is None else basis.shape[1]


def narrowed(
    hidden: Array, readout: Array, feedback: Array | None, groups: Sequence[Members]
) -> tuple[Array, Array, Array, tuple[Group, ...]]:
    """The narrow student that stands for a wide one.

    Args:
        hidden: W1, (N, M).
        readout: W2, (O, N).
        feedback: B, (N, O), where it carries the error; or None.
        groups: of `equally_plastic`.

    Returns:
        Its W1, W2 and B (zeros without one), group after group, and the groups with their bases.
    """
    m, o = hidden.shape[1], len(readout)
    rows, bases = [], []
    for members in groups:
        parts = [hidden[members], readout[:, members].T]
        columns = np.concatenate(parts if feedback is None else [*parts, feedback[members]], axis=1)
        basis = None
        if len(members) > columns.shape[1]:
            basis, columns = (np.asarray(part) for part in np.linalg.qr(columns))
        rows.append(columns)
        bases.append((members, basis))
    whole = np.concatenate(rows)
    carried = np.zeros((len(whole), o)) if feedback is None else whole[:, m + o :]
    return whole[:, :m], whole[:, m : m + o].T, carried, tuple(bases)


def widened(hidden: Array, readout: Array, groups: Sequence[Group]) -> tuple[Array, Array]:
    """The wide student's W1 (N, M) and W2 (O, N) from the narrow one's; padding behind its neurons is left out."""
    n = sum(len(members) for members, _ in groups)
    wide, out = np.empty((n, hidden.shape[1])), np.empty((len(readout), n))
    at = 0
    for group in groups:
        members, basis = group
        size = coordinates(group)
        part, to = hidden[at : at + size], readout[:, at : at + size]
        wide[members] = part if basis is None else basis @ part
        out[:, members] = to if basis is None else to @ basis.T
        at += size
    return wide, out
