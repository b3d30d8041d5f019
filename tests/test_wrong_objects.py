"""Training, analyses and theory with every wrong public object: it works, or one sentence says what is accepted.

Files of this name in folders do the same for their packages, with more objects and with all arguments.
"""

import inspect

import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from tests.wrong_objects import OBJECTS, PROBLEM, RULE, Module, complaint, dynamics, history, made, network

WIDE = cd.student_teacher(n_inputs=2, n_hidden=4, n_train=4, n_test=2)
DIRECT = cd.student_teacher(n_inputs=2, n_hidden=2, n_train=4, n_test=2, activation="erf", output_activation="linear")
A, T = cd.analysis, cd.theory
SIGNAL = np.sin(np.arange(64.0))
# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {
    cd.train: {"problem": PROBLEM, "rule": RULE, "epochs": 1},
    cd.flow: {"problem": PROBLEM, "rule": RULE, "time": 0.01},
    cd.accuracy: {"problem": PROBLEM, "history": history},
    cd.predict: {"problem": PROBLEM, "history": history, "inputs": np.ones((2, 2)), "units": "problem"},
    cd.scores: {"problem": PROBLEM, "history": history, "samples": "train"},
    cd.epochs_to_threshold: {"error": lambda: history().train_error, "threshold": 0.1},
    cd.summarise_epochs: {"epochs": lambda: history().train_error.isel(epoch=0), "last": 5},
    cd.Flips: {"fraction": 0.5},
    cd.log_epochs: {"epochs": 10, "points": 3},
    cd.cite: {"form": "text"},
    cd.Plasticity: {"hidden": 0.1, "readout": 0.1},
    cd.Weights: {"hidden": np.ones((2, 2)), "readout": np.ones((1, 2))},
    cd.Problem: {"inputs": np.ones((4, 2)), "student": PROBLEM.student, "teacher": PROBLEM.teacher},
    cd.Signature: {"layers": {"*": 0.5}},
    cd.TwoWeights: {"target": 1.0, "hidden": 1.0},
    cd.student_teacher: {"n_inputs": 2, "n_hidden": 2},
    cd.high_gain_start: {"weights": PROBLEM.student, "neuron": 0, "hidden_share": 0.1},
    cd.activation: {"name": "mine", "value": lambda: jnp.sin},
    cd.field: {"subject": PROBLEM, "rule": RULE, "trial": 0},
    A.circulation: {"subject": network, "rule": None, "loop": None, "plane": None},
    A.curl: {"subject": network, "rule": None},
    A.descent_profile: {"subject": network, "run": [], "rule": None},
    A.flip_margins: {"subject": network, "groups": None, "rule": None},
    A.largest_stable_flips: {"subject": network, "groups": None, "rule": None},
    A.jacobian_spectrum: {"subject": network, "rule": None},
    A.neurons: {"subject": network, "rule": None, "layers": "*"},
    A.tangent_kernels: {"subject": network, "rule": None},
    A.stability: {"subject": network, "rule": None},
    A.network: {"model": lambda: lambda p, x: x * p, "params": 1.0, "inputs": np.ones(2), "targets": np.ones(2)},
    A.learning_dynamics: {"subject": PROBLEM, "rule": RULE},
    A.modulo_rotations: {"problem": WIDE, "rule": RULE, "trial": 0, "preserve_norms": False},
    A.lyapunov: {"subject": PROBLEM, "rule": RULE, "time": 0.2},
    A.regime: {"subject": PROBLEM, "rule": RULE, "time": 50.0},
    A.order_parameter: {"subject": PROBLEM, "rule": RULE, "epochs": 2, "window": 2},
    A.watch: {"subject": dynamics, "rule": None, "time": 20.0},
    A.regime_of: {"record": None},
    A.late_order_parameter: {"subject": dynamics, "rule": None, "state": np.ones(6), "window": 1.0},
    A.critical_point: {"subject": dynamics, "rule": None, "near": np.ones(6)},
    A.critical_points_along: {"subject": dynamics, "rule": None, "states": np.ones((1, 6))},
    A.spectrum_at: {"subject": dynamics, "rule": None, "state": np.ones(6)},
    A.escape: {"subject": dynamics, "rule": None, "point": np.zeros(6), "time": 1.0},
    A.lyapunov_exponents: {"step": None, "start": np.ones(2), "time": 2},
    A.covariant_vectors: {"subject": dynamics, "rule": None, "time": 2, "count": 1, "transient": 1, "settle": 1},
    A.follow_exponents: {"step": None, "start": np.ones(2), "values": [0.1], "args": lambda: lambda v: v, "time": 2},
    A.step_size_check: {"subject": dynamics, "rule": None, "dt": 0.1, "time": 1.0},
    A.TangentDynamics: {"step": None, "start": np.ones(2)},
    A.signal_kind: {"signal": SIGNAL},
    A.zero_one_test: {"signal": SIGNAL},
    A.plateaus: {"times": np.arange(3.0), "loss": np.ones(3)},
    A.climbs: {"times": np.arange(3.0), "loss": np.ones(3)},
    A.order_parameter_of: {"history": np.ones((3, 2, 2))},
    A.HebbianNetwork: {"dale": [1, -1], "covariance": np.eye(2), "plasticity": None},
    A.dales_law: {"inputs": [1, -1], "hidden": [1]},
    T.Spectrum: {"ratio": 0.5, "hidden": 0.1, "readout": 0.1},
    T.MultiOutputSpectrum: {"ratio": 0.5, "hidden": 0.1, "readout": 0.1},
    T.critical_fraction: {"ratio": 0.5, "layer": "hidden"},
    T.critical_ratio: {"hidden": 0.5, "readout": None},
    T.stable_ratios: {"hidden": 0.1, "readout": 0.1},
    T.lambda_min: {"ratio": 0.5, "hidden": 0.1, "readout": 0.1},
    T.phase_diagram: {"plane": "hidden", "resolution": 3, "ratios": [0.1, 1.0]},
    T.finite_size_scaling: {"law": lambda: T.Spectrum(0.5), "sizes": (4, 6)},
    T.sample_lambda_min: {"law": lambda: T.Spectrum(0.5), "n_inputs": 4},
    T.stability_probability: {"law": lambda: T.Spectrum(0.5), "n_inputs": 4},
    T.linear_stability: {"hidden": np.ones((2, 2)), "readout": np.ones((1, 2))},
    T.stability_matrix: {"hidden": np.ones((2, 2)), "readout": np.ones((1, 2))},
    T.invariants: {"hidden": np.ones((2, 2)), "readout": np.ones((1, 2))},
    T.macroscopic: {"problem": PROBLEM, "rule": RULE, "epochs": 1, "record": 1, "input_variance": 0.5},
    T.excess_nonlinearity: {"problem": DIRECT, "rule": RULE, "epochs": 1, "record": 1, "input_variance": 0.5},
    T.nonlinear_error: {"scale": 1.0, "activation": "tanh"},
    T.turning: {
        "residual": [0.3, 0.4],
        "hidden_norm": 5.0,
        "readout_norm": 1.0,
        "learning_rate": 0.02,
        "covariance": [[1.0, 0.1], [0.1, 1.0]],
        "gram": [[12.5, 0.0], [0.0, 12.5]],
    },
    T.speedup_onset: {"threshold": 1e-3, "activation": "tanh"},
    T.origin_spectrum: {"teacher": np.ones((1, 2)), "d1": [1, 1], "d2": [1]},
}


# They follow every network and every dynamics for a while.
SLOW = {
    *(
        (function, name)
        for function in (A.step_size_check, A.covariant_vectors, A.regime)
        for name in ("subject", "rule")
    ),
    (A.watch, "subject"),
}


def cases():
    for function, arguments in CALLS.items():
        for name in arguments:
            marks = pytest.mark.slow if (function, name) in SLOW else ()
            yield pytest.param(function, name, marks=marks, id=f"{function.__name__}-{name}")


@pytest.mark.parametrize(("function", "name"), list(cases()))
def test_wrong_objects_get_one_sentence(function, name):
    valid = made(CALLS[function])
    for what, wrong in OBJECTS.items():
        said = complaint(lambda wrong=wrong: function(**valid | {name: wrong()}), what)
        assert "\n" not in said, (what, said)
        assert len(said) < 500, (what, said)


NETWORK_ANALYSES = (A.curl, A.circulation, A.flip_margins, A.largest_stable_flips, A.jacobian_spectrum, A.stability)


@pytest.mark.parametrize("function", NETWORK_ANALYSES)
def test_a_problem_and_a_rule_are_a_network(function):
    rule = cd.Plasticity(readout=[1.0, 0.5])
    one = function(cd.field(PROBLEM, rule))
    for found in (function(PROBLEM, rule), function(PROBLEM, rule=rule)):
        found = found[0] if function is A.stability and not isinstance(found, A.Stability) else found
        assert str(found) == str(one)
    assert "needs a rule" in complaint(lambda: function(PROBLEM), "")


def test_tangent_kernels_and_profiles_of_a_problem():
    one = A.tangent_kernels(cd.field(PROBLEM, RULE))
    np.testing.assert_array_equal(A.tangent_kernels(PROBLEM, RULE), one)
    run = [{"hidden": PROBLEM.student.hidden[0], "readout": PROBLEM.student.readout[0]}] * 2
    assert A.descent_profile(PROBLEM, RULE, run=run).climbing == 0
    assert list(A.neurons(PROBLEM)) == ["hidden[0]", "hidden[1]", "readout[0]", "readout[1]"]


@pytest.mark.parametrize("package", ["equinox", "flax.nnx", "flax.linen", "haiku"])
def test_modules_of_other_libraries_are_told_how(package):
    """By the package of their class, so that nobody needs it to be told."""
    kind = type("Model", (Module,), {"__module__": f"{package}._module"})
    with pytest.raises(cd.InputError, match=rf"got a module of {package}: .*network\("):
        A.network(kind(), inputs=np.ones((2, 2)))


def test_equinox_recipe():
    equinox, jax = pytest.importorskip("equinox"), pytest.importorskip("jax")
    model = equinox.nn.MLP(2, 1, 3, 1, key=jax.random.PRNGKey(0))
    with pytest.raises(cd.InputError, match="equinox"):
        A.network(model, inputs=np.ones((4, 2)))
    params, static = equinox.partition(model, equinox.is_inexact_array)
    network = A.network(lambda p, x: jax.vmap(equinox.combine(p, static))(x), params, np.ones((4, 2)), np.ones((4, 1)))
    assert network.n_params == 2 * 3 + 3 + 3 + 1
    assert A.curl(network).antisymmetric == 0


def test_flax_recipe():
    nnx, jax = pytest.importorskip("flax.nnx"), pytest.importorskip("jax")
    model = nnx.Linear(2, 1, rngs=nnx.Rngs(0))
    with pytest.raises(cd.InputError, match="nnx"):
        A.network(model, inputs=np.ones((4, 2)))
    graph, params = nnx.split(model)
    network = A.network(lambda p, x: nnx.merge(graph, p)(x), params, np.ones((4, 2)), np.ones((4, 1)))
    assert network.n_params == 3
    assert A.stability(network).stable
    assert jax is not None


def test_every_public_function_is_listed():
    results = {
        name
        for module in (cd, A, T)
        for name in module.__all__
        if inspect.isclass(getattr(module, name)) and getattr(module, name) not in CALLS
    }
    listed = {f.__name__ for f in CALLS}
    for module in (cd, A, T):
        for name in module.__all__:
            found = getattr(module, name)
            if callable(found) and not inspect.ismodule(found) and name not in results:
                assert name in listed | {"from_data", "wide_students"}, name
