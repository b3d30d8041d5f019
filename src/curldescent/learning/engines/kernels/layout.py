"""Students in the kernels' memory layouts, and back. Rows are padded to whole vectors with zeros that stay zero."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.engines.fused_students import Students
from curldescent.learning.engines.kernels.linear import ROWS
from curldescent.learning.engines.kernels.simd import aligned, padded

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layout:
    """The state and the constants of an ensemble of students, one student a row.

    Attributes:
        transposed: whether W1 is kept as (M, width) rather than (rows, width).
        weights: W1 / scale, flat per student.
        readouts: W2, (students, O × width of the hidden neurons).
        scales: (students,).
        products: W2 W1 of linear students with one output, (students, width); empty for others.
        pre, post, per_synapse, readout_strengths: of the rules.
        feedback: Bᵀ, like `readouts`.
        n_hidden, n_inputs, n_outputs: the sizes without padding.
    """

    transposed: bool
    weights: Array
    readouts: Array
    scales: Array
    products: Array
    pre: Array
    post: Array
    per_synapse: Array
    readout_strengths: Array
    feedback: Array
    n_hidden: int
    n_inputs: int
    n_outputs: int

    @property
    def width(self) -> int:
        """Doubles from one row of W1 to the next."""
        return padded(self.n_hidden if self.transposed else self.n_inputs)

    @property
    def rows(self) -> int:
        """Rows of W1, padding included."""
        return self.n_inputs if self.transposed else -(-self.n_hidden // ROWS) * ROWS

    def hidden(self, tasks: NDArray[np.int64]) -> Array:
        """W1 of some students, (tasks, N, M), a copy."""
        stored = self.weights[tasks].reshape(-1, self.rows, self.width) * self.scales[tasks, None, None]
        turned = stored.swapaxes(1, 2) if self.transposed else stored
        return np.ascontiguousarray(turned[:, : self.n_hidden, : self.n_inputs])

    def readout(self, tasks: NDArray[np.int64]) -> Array:
        """W2 of some students, (tasks, O, N), a copy."""
        return self.readouts[tasks].reshape(len(tasks), self.n_outputs, -1)[:, :, : self.n_hidden].copy()


def lay_out(students: Students, *, transposed: bool) -> Layout:
    """Copy students into a kernel's layout.

    Args:
        students: whom.
        transposed: False for `linear`, True for `nonlinear`.

    Returns:
        The `Layout`.
    """
    rules, trials, n_hidden, n_inputs = students.hidden.shape
    n_outputs = students.readout.shape[2]
    long = padded(n_hidden)
    rows, width = (n_inputs, long) if transposed else (-(-n_hidden // ROWS) * ROWS, padded(n_inputs))
    weights = _filled(rules * trials, _turned(students.hidden, transposed), rows, width)
    per_synapse = aligned(rules, 0)
    if students.per_synapse is not None:
        per_synapse = _filled(rules, _turned(students.per_synapse, transposed), rows, width)
    products = aligned(rules * trials, 0 if transposed else width)
    if not transposed:
        # Without the padding of narrower students, which would change the order in which sums are taken.
        with np.errstate(over="ignore", invalid="ignore"):
            own = [
                students.readout[rule, :, :, :w] @ students.hidden[rule, :, :w]
                for rule, w in enumerate(students.widths)
            ]
        products[:, :n_inputs] = np.stack(own).reshape(-1, n_inputs)
    return Layout(
        transposed=transposed,
        weights=weights,
        readouts=_filled(rules * trials, students.readout, n_outputs, long),
        scales=np.ones(rules * trials),
        products=products,
        pre=_filled(rules, students.pre[:, None], 1, padded(n_inputs)),
        post=_filled(rules, students.post[:, None], 1, long),
        per_synapse=per_synapse,
        readout_strengths=_filled(rules, students.readout_strengths, n_outputs, long),
        feedback=_filled(rules * trials, students.feedback.swapaxes(-1, -2), n_outputs, long),
        n_hidden=n_hidden,
        n_inputs=n_inputs,
        n_outputs=n_outputs,
    )


def _turned(layer: Array, transposed: bool) -> Array:  # noqa: FBT001
    return layer.swapaxes(-1, -2) if transposed else layer


def _filled(count: int, values: Array, rows: int, width: int) -> Array:
    """(…, r, c) matrices, `count` of them, zero-padded to (rows, width) and flattened."""
    out = aligned(count, rows * width)
    out.reshape(count, rows, width)[:, : values.shape[-2], : values.shape[-1]] = values.reshape(
        count, *values.shape[-2:]
    )
    return out
