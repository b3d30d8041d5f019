"""Arrays that are not plain ones: every public function honours them or says in a sentence why it cannot."""

from decimal import Decimal
from fractions import Fraction

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import xarray as xr

import curldescent as cd

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5], [3.0, 1.0, 0.125], [-2.0, 0.75, 1.0]])
STUDENT = cd.Weights(hidden=np.ones((2, 3)) / 4, readout=np.ones((1, 2)) / 2)


class Metres(np.ndarray):
    """What the arrays of unyt look like: a plain array and its unit."""

    units = "m"


class Quantity:
    """What the quantities of pint look like: NumPy can read them, and their unit is gone."""

    def __init__(self, magnitude):
        self._magnitude = magnitude

    @property
    def magnitude(self):
        return self._magnitude

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._magnitude, dtype=dtype)


def _masked(a):
    mask = np.zeros(a.shape, bool)
    mask[0, 0] = True
    return np.ma.array(np.where(mask, 999.0, a), mask=mask)


def _holed(a, hole):
    out = a.astype(object)
    out[0, 0] = hole
    return out


# What would lose something on the way, and the words that say so.
REFUSED = {
    "masked": (_masked, "1 masked value; fill or remove it"),
    "masked in a list": (lambda a: list(_masked(a)), "masked value"),
    "masked constant": (lambda a: [[np.ma.masked, *row[1:]] for row in a.tolist()], "masked value"),
    "None": (lambda a: _holed(a, None), "must be finite, got nan at index"),
    "None in a list": (lambda a: _holed(a, None).tolist(), "must be finite, got nan at index"),
    "NA": (lambda a: _holed(a, pd.NA), "must be finite, got nan at index"),
    "nullable": (lambda a: pd.DataFrame(_holed(a, pd.NA)).astype("Float64"), "must be finite, got nan at index"),
    "NaT": (lambda a: _holed(a, pd.NaT), "must be a real numeric array, got NaT at index"),
    "text": (lambda a: a.astype(str), "must be a real numeric array"),
    "text among numbers": (lambda a: _holed(a, "1"), "got '1' at index"),
    "dates": (lambda a: (8 * a).astype("M8[s]"), "must be a real numeric array, got dtype datetime64"),
    "times": (lambda a: (8 * a).astype("m8[s]"), "must be a real numeric array, got dtype timedelta64"),
    "complex": (lambda a: a + 1j, "must be a real numeric array, got dtype complex128"),
    "complex objects": (lambda a: _holed(a, 1j), "must be a real numeric array, got 1j at index"),
    "records": (lambda a: a.view([("x", float), ("y", float), ("z", float)]), "must be a real numeric array"),
    "sparse matrix": (scipy.sparse.csr_matrix, "a sparse matrix"),
    "sparse array": (scipy.sparse.coo_array, "a sparse matrix"),
    "units of unyt": (lambda a: a.view(Metres), "a quantity with units"),
    "units of pint": (Quantity, "a quantity with units"),
    "ragged": (lambda a: [[1.0], *a[1:].tolist()], "rows of different lengths"),
    "mapping": (lambda a: {"a": a}, "must be a real numeric array, got a dict"),
    "generator": (lambda a: (row for row in a), "must be a real numeric array, got a generator"),
    "set": (lambda _: {1.0, 2.0}, "must be a real numeric array, got a set"),
}

HONOURED = {
    "list": lambda a: a.tolist(),
    "rows": list,
    "Fortran order": np.asfortranarray,
    "float32": lambda a: a.astype(np.float32),
    "bfloat16": lambda a: a.astype(ml_dtypes.bfloat16),
    "bfloat16 of JAX": lambda a: jnp.asarray(a, jnp.bfloat16),
    "longdouble": lambda a: a.astype(np.longdouble),
    "fractions": lambda a: [[Fraction(x) for x in row] for row in a],
    "decimals": lambda a: [[Decimal(x) for x in row] for row in a],
    "objects": lambda a: a.astype(object),
    "memoryview": lambda a: memoryview(np.ascontiguousarray(a)),
    "nothing masked": lambda a: np.ma.array(a, mask=False),
    "frame": pd.DataFrame,
    "nullable frame": lambda a: pd.DataFrame(a).astype("Float64"),
    "sparse frame": lambda a: pd.DataFrame(a).astype(pd.SparseDtype(float)),
    "mixed frame": lambda a: pd.DataFrame(a).astype({0: "Float64"}),
    "xarray": lambda a: xr.DataArray(a, attrs={"units": "m"}),
    "JAX": jnp.asarray,
}


def _of_inputs(inputs):
    return cd.Problem(inputs=inputs, targets=X[:, :1], student=STUDENT)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_lose_something_is_refused(kind):
    make, sentence = REFUSED[kind]
    with pytest.raises(cd.InputError, match=sentence) as refused:
        _of_inputs(make(X))
    assert str(refused.value).startswith("inputs must be ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", HONOURED)
def test_what_stands_for_real_numbers_is_honoured(kind):
    np.testing.assert_array_equal(_of_inputs(HONOURED[kind](X)).inputs, X)


def test_tensors_are_honoured_out_of_graphs_and_in_low_precision():
    torch = pytest.importorskip("torch")
    for tensor in (
        torch.tensor(X, requires_grad=True),
        torch.nn.Parameter(torch.tensor(X)),
        torch.tensor(X).to(torch.bfloat16).requires_grad_(),
        list(torch.tensor(X, requires_grad=True)),
    ):
        np.testing.assert_array_equal(_of_inputs(tensor).inputs, X)
    with pytest.raises(cd.InputError, match="a sparse tensor"):
        _of_inputs(torch.tensor(X).to_sparse())
    with pytest.raises(cd.InputError, match="complex"):
        _of_inputs(torch.tensor(X).to(torch.complex64))


MASKED = np.ma.array([1.0, 1.0], mask=[True, False])
SQUARE = np.ma.array([[1.0, 0.0], [0.0, 1.0]], mask=[[False, True], [True, False]])
PROBLEM = cd.student_teacher(n_inputs=2, n_hidden=2, n_train=4, n_test=0)


def _linear(params, x):
    return x @ params["w"]


# Every public function that takes an array, with a masked one.
CALLS = {
    "Weights, hidden": lambda: cd.Weights([SQUARE, np.ones((1, 2))]),
    "Weights, readout": lambda: cd.Weights([np.ones((2, 2)), [MASKED]]),
    "Problem, targets": lambda: cd.Problem(
        inputs=np.eye(2), targets=SQUARE, student=cd.Weights([np.eye(2), np.eye(2)])
    ),
    "Problem, test inputs": lambda: cd.Problem(
        inputs=np.eye(2), teacher=PROBLEM.teacher, student=PROBLEM.student, test_inputs=SQUARE
    ),
    "student_teacher, covariance": lambda: cd.student_teacher(n_inputs=2, n_hidden=2, covariance=MASKED),
    "wide_students, covariance": lambda: cd.wide_students(n_inputs=2, n_hidden=2, covariance=SQUARE),
    "from_data, inputs": lambda: cd.from_data({"x": MASKED, "y": [1.0, 2.0]}, targets="y", n_hidden=2),
    "from_data, targets": lambda: cd.from_data({"x": [1.0, 2.0], "y": MASKED}, targets="y", n_hidden=2),
    "from_data, labels": lambda: cd.from_data({"x": [1.0, 2.0], "y": MASKED}, targets="y", n_hidden=2, one_hot=True),
    "from_data, records": lambda: cd.from_data(
        np.ma.array([(1.0, 2.0), (3.0, 4.0)], mask=[(1, 0), (0, 0)], dtype=[("x", float), ("y", float)]),
        targets="y",
        n_hidden=2,
    ),
    "Plasticity": lambda: cd.Plasticity(hidden=MASKED),
    "Plasticity, fraction": lambda: cd.Plasticity(hidden=np.ma.masked),
    "Plasticity, feedback": lambda: cd.Plasticity(feedback=SQUARE),
    "Signature": lambda: cd.Signature({"*": MASKED}),
    "predict": lambda: cd.predict(PROBLEM, cd.train(PROBLEM, cd.Plasticity(), epochs=1), SQUARE),
    "train, record": lambda: cd.train(PROBLEM, cd.Plasticity(), epochs=2, record=MASKED),
    "train, learning rate": lambda: cd.train(PROBLEM, cd.Plasticity(), epochs=2, learning_rate=np.ma.masked),
    "flow, record": lambda: cd.flow(PROBLEM, cd.Plasticity(), time=1.0, record=MASKED),
    "TwoWeights, loss": lambda: cd.TwoWeights().loss(MASKED),
    "TwoWeights, field": lambda: cd.TwoWeights().field(MASKED),
    "TwoWeights, invariant": lambda: cd.TwoWeights().invariant(MASKED),
    "TwoWeights, stability": lambda: cd.TwoWeights().stability(MASKED),
    "TwoWeights, trajectory": lambda: cd.TwoWeights().trajectory(MASKED, time=1.0),
    "critical_ratio": lambda: cd.theory.critical_ratio(MASKED),
    "lambda_min": lambda: cd.theory.lambda_min(MASKED),
    "stability_matrix": lambda: cd.theory.stability_matrix(SQUARE, MASKED),
    "Spectrum, density": lambda: cd.theory.Spectrum(ratio=0.5).density(MASKED),
    "order_parameter_of": lambda: cd.analysis.order_parameter_of(SQUARE),
    "HebbianNetwork": lambda: cd.analysis.HebbianNetwork(MASKED, np.eye(2)),
    "HebbianNetwork, field": lambda: cd.analysis.HebbianNetwork([1, -1], np.eye(2)).field(SQUARE),
    "HebbianNetwork, exact field": lambda: cd.analysis.HebbianNetwork([1, -1], np.eye(2)).exact_field(SQUARE),
    "network, parameters": lambda: cd.analysis.network(_linear, {"w": SQUARE}, np.eye(2), np.eye(2)),
    "network, inputs": lambda: cd.analysis.network(_linear, {"w": np.eye(2)}, SQUARE, np.eye(2)),
    "network, targets": lambda: cd.analysis.network(_linear, {"w": np.eye(2)}, np.eye(2), SQUARE),
    "network, strengths": lambda: cd.analysis.network(
        _linear, {"w": np.eye(2)}, np.eye(2), np.eye(2), strengths={"w": SQUARE}
    ),
    "flip_margins, groups": lambda: cd.analysis.flip_margins(
        cd.analysis.network(_linear, {"w": np.eye(2)}, np.eye(2), np.eye(2)),
        groups={"one": np.ma.array([0, 1], mask=[True, False])},
    ),
    "lyapunov_exponents": lambda: cd.analysis.lyapunov_exponents(lambda x, _: x, MASKED, time=10),
    "follow_exponents": lambda: cd.analysis.follow_exponents(lambda x, r: r * x, [0.3], MASKED, args=float, time=10),
    "sweep, an axis": lambda: cd.sweeps.Sweep(axes={"hidden": MASKED}, training={"epochs": 1}),
    "sweep, a setting": lambda: cd.sweeps.Sweep(
        axes={"hidden": [0.5]},
        student_teacher={"n_inputs": 2, "n_hidden": 2, "covariance": MASKED},
        training={"epochs": 1},
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_masked_entries_are_never_used(call):
    with pytest.raises(cd.InputError, match="masked") as refused:
        CALLS[call]()
    assert "\n" not in str(refused.value)
