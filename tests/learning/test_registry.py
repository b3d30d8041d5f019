"""The engine is a matter of time only, and says who it is."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.engines import registry
from tests.conftest import random_problem

KEYS = ("train_error", "test_error", "student_hidden", "student_readout", "diverged_at", "stopped_at")


def run(problem, rule, **options):
    return cd.train(problem, rule, epochs=30, batch_size=6, seed=2, **options)


@pytest.mark.parametrize(
    ("activation", "sizes", "expected"),
    [
        ("tanh", (5, 6, 2), "fused"),
        ("linear", (5, 6, 1), "fused"),
        ("linear", (4, 60, 1), "order-parameters"),
        ("linear", (4, 60, 3), "order-parameters"),
    ],
)
def test_auto_takes_what_is_fast_and_changes_nothing(activation, sizes, expected):
    problem = random_problem(1, activation=activation, output_activation=activation, sizes=sizes)
    rules = [cd.Plasticity(readout=0.3), cd.Plasticity(feedback="random", hidden=0.5)]
    auto = run(problem, rules, stop_below=0.2)
    reference = run(problem, rules, stop_below=0.2, engine="jax")
    assert auto.attrs["engine"] == expected
    assert auto.attrs["device"].startswith("cpu, ")
    assert reference.attrs["engine"] == "jax"
    for key in KEYS:
        np.testing.assert_allclose(auto[key], reference[key], rtol=1e-9, atol=1e-12)


def test_per_synapse_strengths_and_short_runs_are_not_reduced():
    problem = random_problem(1, activation="linear", output_activation="linear", sizes=(4, 60, 1))
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (60, 4))
    assert run(problem, cd.Plasticity(hidden=signs)).attrs["engine"] == "fused"
    assert cd.train(problem, cd.Plasticity(), epochs=2).attrs["engine"] == "fused"


def test_single_precision_is_jax():
    assert run(random_problem(), cd.Plasticity(), dtype="float32").attrs["engine"] == "jax"


def test_recorded_weights_are_those_of_the_reference():
    problem = random_problem(1, activation="linear", output_activation="linear", sizes=(4, 60, 1))
    histories = [
        run(problem, cd.Plasticity(readout=0.2), record_weights=True, record=[0, 3, 30], engine=engine)
        for engine in ("order-parameters", "jax")
    ]
    for key in ("hidden_history", "readout_history"):
        np.testing.assert_allclose(histories[0][key], histories[1][key], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "fast"}, "engine must be one of 'auto', 'order-parameters', 'fused', 'jax', got 'fast'"),
        ({"engine": "fused", "dtype": "float32"}, 'engine="fused" computes in float64, got dtype .float32.'),
        ({"engine": "order-parameters"}, "needs a linear hidden layer"),
        ({"threads": 0}, "threads must be a whole number at least 1, got 0"),
    ],
)
def test_engines_that_cannot_say_so(options, message):
    with pytest.raises(cd.InputError, match=message):
        run(random_problem(), cd.Plasticity(), **options)


TOY = '''
import numpy as np


def refusal(experiment, dtype):
    return None if len(experiment.layers) == 1 else "runs students with one layer"


def worth(experiment, epochs):
    return True


def way(experiment):
    return None


def build(experiment, *, dtype, threads):
    return Frozen(experiment)


class Frozen:
    """Students that never learn."""

    name, device = "frozen", "nowhere"

    def __init__(self, experiment):
        self._e, self.epoch = experiment, 0
        self.active = np.ones((experiment.rules, experiment.trials), bool)
        self.diverged_at = np.full(self.active.shape, -1)

    def advance(self, epochs):
        self.epoch += epochs

    def errors(self):
        return np.zeros(self.active.shape), None

    def weights(self):
        return tuple(np.broadcast_to(w, (self._e.rules, *w.shape)).copy() for w in self._e.layers)

    def states(self):
        return {}

    def stop(self, which, *, diverged=False):
        pass
'''


def test_an_engine_is_one_file_and_one_line(tmp_path, monkeypatch):
    (tmp_path / "frozen_engine.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_MODULES", dict(registry._MODULES))
    registry.register("frozen", "frozen_engine", before="jax")
    one_layer = cd.student_teacher(n_inputs=3, n_hidden=[], n_train=10, n_test=0)
    history = cd.train(one_layer, cd.Plasticity(), epochs=4)
    assert history.attrs["engine"] == "frozen"
    np.testing.assert_array_equal(history.student_layer1, one_layer.student.layers[0])
    assert run(random_problem(), cd.Plasticity()).attrs["engine"] == "fused"
    with pytest.raises(cd.InputError, match='engine="frozen" runs students with one layer'):
        run(random_problem(), cd.Plasticity(), engine="frozen")
    with pytest.raises(cd.InputError, match="there is an engine 'jax' already"):
        registry.register("jax", "frozen_engine")


def test_a_run_asks_once_for_each_rule_which_engine_takes_it(monkeypatch):
    from curldescent.learning import train as module
    from curldescent.learning.engines import reduced

    asked, refusal = [], reduced.refusal
    monkeypatch.setattr(reduced, "refusal", lambda e, dtype: asked.append(e.rules) or refusal(e, dtype))
    monkeypatch.setattr(module, "pieces_that_fit", lambda e, **_: [e.part(0, 1), e.part(1, e.trials)])
    history = run(random_problem(trials=3), [cd.Plasticity(), cd.Plasticity(readout=0.5)])
    assert (history.sizes["trial"], asked) == (3, [1, 1])
