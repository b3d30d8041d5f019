"""Long analyses say how far they are, to the one kind of object that the house has, and find the same with it."""

import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.analysis import follow_exponents, lyapunov_exponents
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Silent
from curldescent.learning.fields.field import Field


class Heard(Silent):
    """Remembers what it was told, and that it was told it in order."""

    def __init__(self):
        self.tasks, self.open = [], False

    def start(self, total, unit, *, done=0, work=None):
        assert not self.open
        self.open = True
        self.tasks.append((unit, total, []))

    def update(self, done, *, work=None, note=""):
        assert self.open
        self.tasks[-1][2].append(done)

    def finish(self, sentence=None):
        assert self.open
        self.open = False

    def check(self, unit, total=None, *, whole=True):
        found, of, done = next(task for task in self.tasks if task[0] == unit)
        assert not self.open
        assert found == unit
        assert total is None or of == total
        assert done == sorted(done)
        assert done[0] > 0
        assert done[-1] == of if whole else done[-1] <= of


PROBLEM = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10, trials=3)
RULE = cd.Plasticity(readout=0.5)


def rotation(x):
    return jnp.array([-x[1], x[0] - 0.1 * x[1] ** 3])


def numbers(result):
    if hasattr(result, "results"):
        return [number for one in result.results for number in numbers(one)]
    fields = ("values", "antisymmetric", "value", "lambda_min", "growth", "effect")
    name = next(name for name in fields if hasattr(result, name))
    return np.ravel(getattr(result, name)).tolist()


# analysis, its arguments for a single subject, what is counted, how many
SINGLE = {
    "lyapunov": (lambda **o: cd.analysis.lyapunov(PROBLEM, RULE, time=40.0, trial=0, **o), "steps", 400),
    "curl, estimated": (
        lambda **o: cd.analysis.curl(PROBLEM, RULE, method="hutchinson", probes=20, **o),
        "probes",
        20,
    ),
    "curl, a field of one's own": (
        lambda **o: cd.analysis.curl(cd.field(rotation, np.ones(2)), method="hutchinson", probes=10, **o),
        "probes",
        10,
    ),
    "stability": (
        lambda **o: cd.analysis.stability(PROBLEM, RULE, trial=0, method="matrix-free", **o),
        "products at most",
        1000,
    ),
}
MANY = {
    "lyapunov": lambda **o: cd.analysis.lyapunov(PROBLEM, RULE, time=20.0, **o),
    "curl": lambda **o: cd.analysis.curl(PROBLEM, RULE, trial=None, **o),
    "circulation": lambda **o: cd.analysis.circulation(PROBLEM, RULE, trial=None, radius=0.1, **o),
    "stability": lambda **o: cd.analysis.stability(PROBLEM, RULE, **o),
    "jacobian_spectrum": lambda **o: cd.analysis.jacobian_spectrum(PROBLEM, RULE, trial=None, **o),
    "flip_margins": lambda **o: cd.analysis.flip_margins(PROBLEM, RULE, trial=None, **o),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_analysis_says_how_far_it_is(name):
    analyse, unit, total = SINGLE[name]
    heard = Heard()
    assert numbers(analyse(progress=heard)) == numbers(analyse())
    heard.check(unit, total, whole=name != "stability")


@pytest.mark.parametrize("name", MANY)
def test_many_trials_are_counted(name):
    heard = Heard()
    assert numbers(MANY[name](progress=heard)) == numbers(MANY[name]())
    heard.check("trials", 3)
    assert len(heard.tasks) == 1


def test_a_loop_with_a_kink_says_how_many_points_it_took():
    heard = Heard()
    problem = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10, activation="relu")
    found = cd.analysis.circulation(problem, RULE, radius=1.0, progress=heard)
    assert numbers(found) == numbers(cd.analysis.circulation(problem, RULE, radius=1.0))
    heard.check("points at most", 20_000, whole=False)


def test_points_of_a_followed_parameter_are_counted():
    heard = Heard()

    def logistic(x, r):
        return r * x * (1 - x)

    follow_exponents(logistic, [0.3], [3.2, 3.4, 4.0], args=float, time=100, progress=heard)
    heard.check("points", 3)
    alone = Heard()
    lyapunov_exponents(logistic, [0.3], args=3.9, time=200, transient=50, progress=alone)
    alone.check("steps", 250)


def test_a_jacobian_that_is_made_row_by_row_is_counted():
    heard = Heard()
    field = cd.field(PROBLEM, cd.Plasticity(feedback="random"), trial=0)
    # What fields do that know no faster way.
    np.testing.assert_allclose(Field._jacobian(field.told(heard)), field.jacobian(), rtol=1e-8, atol=1e-12)
    heard.check("rows of the Jacobian", field.n_params)
    descent, rows = cd.field(PROBLEM, RULE, trial=0), Heard()
    np.testing.assert_array_equal(descent.told(rows).hessian(), descent.hessian())
    rows.check("rows of the Hessian", descent.n_params)
    assert not isinstance(field.progress, Heard)


def test_what_is_no_display_is_refused():
    with pytest.raises(InputError, match="progress must be"):
        cd.analysis.curl(PROBLEM, RULE, progress=3)


@pytest.mark.parametrize("name", ["stability", "curl", "jacobian_spectrum"])
def test_a_pytorch_module_says_how_many_samples_are_differentiated(name):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
    inputs, targets = torch.randn(700, 4).double(), torch.randn(700, 1).double()
    field = cd.analysis.network(module, inputs=inputs, targets=targets)
    heard = Heard()
    found = getattr(cd.analysis, name)(field, progress=heard)
    np.testing.assert_allclose(numbers(found), numbers(getattr(cd.analysis, name)(field)))
    heard.check("samples differentiated", 700)
