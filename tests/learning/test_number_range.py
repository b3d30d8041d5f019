"""The ends of the number range: right or said to have diverged, and the same in every engine."""

import warnings

import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.experiment import experiment
from curldescent.learning.number_range import error_may_overflow, frobenius
from tests.learning import textbook

RULE = cd.Plasticity(hidden=0.25, readout=0.3)
EPOCHS = 3
SCALES = [
    *[{"inputs": scale} for scale in (1e10, 1e60, 1e100, 1e150, 1e200, 1e300, 1e-60, 1e-155, 1e-200)],
    *[{"weights": scale} for scale in (1e49, 1e80, 1e160, 1e-80, 1e-160, 1e-200, 1e-290)],
    *[{"targets": scale} for scale in (1e60, 1e150, 1e160, 1e300, 1e-200)],
    *[{"rate": scale} for scale in (1e60, 1e150, 1e200, 1e-200)],
    *[{"readout": scale} for scale in (0.0, 1e-200, 1e100)],
]


def make(activation="linear", outputs=1, *, inputs=1.0, weights=1.0, targets=1.0, readout=None):
    draw = np.random.default_rng(1).standard_normal
    return cd.Problem(
        inputs=draw((15, 4)) * inputs,
        student=cd.Weights(
            hidden=draw((2, 12, 4)) / 2 * weights,
            readout=draw((2, outputs, 12)) / 3 * (weights if readout is None else readout),
        ),
        targets=draw((15, outputs)) * targets,
        activation=activation,
    )


def run(engine, activation, outputs, *, norms, rate=0.1, dtype="float64", record=(0, EPOCHS), batch=4, **scales):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return cd.train(
            make(activation, outputs, **scales),
            RULE,
            epochs=EPOCHS,
            batch_size=batch,
            preserve_norms=norms,
            engine=engine,
            learning_rate=rate,
            record=list(record),
            dtype=dtype,
        )


def relative(values):
    """Values by their largest magnitude, so that they can be compared at any scale."""
    largest = np.nanmax(np.abs(values), initial=0.0)
    return values / largest if largest and np.isfinite(largest) else values


OFTEN = [("linear", 1, True), ("linear", 2, False), ("tanh", 1, True), ("relu", 1, False)]


@pytest.mark.parametrize(
    ("activation", "outputs", "norms"),
    [
        *OFTEN,
        *(pytest.param(name, outputs, not norms, marks=pytest.mark.slow) for name, outputs, norms in OFTEN),
    ],
)
def test_engines_agree_at_any_scale(activation, outputs, norms):
    for scale in SCALES:
        reference = run("jax", activation, outputs, norms=norms, **scale)
        for engine in ("fused", "order-parameters") if activation == "linear" else ("fused",):
            got = run(engine, activation, outputs, norms=norms, **scale)
            np.testing.assert_array_equal(got.diverged_at, reference.diverged_at, err_msg=f"{engine} {scale}")
            for name in ("train_error", "student_hidden", "student_readout"):
                ours, theirs = relative(got[name].values), relative(reference[name].values)
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6, err_msg=f"{engine} {scale} {name}")
            if norms:
                kept(make(activation, outputs, **{k: v for k, v in scale.items() if k != "rate"}), got)


def kept(problem, history):
    """Every trial has its norms, or is said to have diverged."""
    for layer, start in (
        (history.student_hidden.values, problem.student.hidden),
        (history.student_readout.values, problem.student.readout),
    ):
        # Scaled by the start's largest weight, so that no square leaves the range here either.
        unit = np.abs(start).max() or 1.0
        now, before = (np.linalg.norm(values / unit, axis=(-2, -1)) for values in (layer, start))
        np.testing.assert_allclose(now[~history.diverged.values], before[~history.diverged.values], rtol=1e-6)


@pytest.mark.parametrize("scale", [{"inputs": 1e10}, {"inputs": 1e18}, {"targets": 1e30}, {"weights": 1e-30}])
def test_single_precision_keeps_norms_as_double_does(scale):
    single = run("auto", "linear", 1, norms=True, dtype="float32", batch=None, **scale)
    double = run("jax", "linear", 1, norms=True, batch=None, **scale)
    assert not single.diverged.any()
    for name in ("train_error", "student_hidden"):
        np.testing.assert_allclose(relative(single[name].values), relative(double[name].values), rtol=0, atol=2e-3)
    kept(make(**scale), single)


def test_one_update_far_beyond_a_square_s_range_is_the_textbook_s():
    # Against long doubles, whose squares go up to 1e4932.
    problem = make(inputs=1e120)
    history = cd.train(problem, RULE, epochs=1, preserve_norms=True, engine="fused")
    s = RULE.strengths(n_inputs=4, n_hidden=12, n_outputs=1)
    wide = np.longdouble
    if np.finfo(wide).maxexp < 2000:
        pytest.skip("long doubles are doubles here")
    w1, w2 = (layer[0].astype(wide) for layer in (problem.student.hidden, problem.student.readout))
    x, y = problem.inputs.astype(wide), problem.train_outputs()[0].astype(wide)
    error = x @ w1.T @ w2.T - y
    moved1 = w1 - wide(0.1) / 15 * s.hidden * ((error @ w2).T @ x)
    moved2 = w2 - wide(0.1) / 15 * s.readout * (error.T @ (x @ w1.T))
    for got, moved, start in ((history.student_hidden, moved1, w1), (history.student_readout, moved2, w2)):
        want = moved * np.sqrt((start**2).sum() / (moved**2).sum())
        np.testing.assert_allclose(got.values[0], want.astype(float), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("engine", ["fused", "order-parameters", "jax"])
@pytest.mark.parametrize("scale", [{"inputs": 1e160}, {"targets": 1e160}, {"inputs": 1e80, "weights": 1e40}])
def test_when_an_error_overflows_does_not_depend_on_when_one_looks(engine, scale):
    looks = [[EPOCHS], [0, EPOCHS], [0, 1, 2, EPOCHS]]
    found = [run(engine, "linear", 1, norms=True, record=record, **scale).diverged_at.values for record in looks]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": 1e40}, "inputs must have magnitudes between 1.2e-38 and 3.4e\\+38 in float32, got up to"),
        ({"inputs": 1e-50}, "inputs must have magnitudes"),
        ({"targets": 1e40}, "targets must have magnitudes"),
        ({"weights": 1e-45}, "hidden weights must have magnitudes"),
        ({"readout": 1e40}, "readout weights must have magnitudes"),
        ({"rate": 1e-44}, "learning_rate / samples must have magnitudes"),
    ],
)
def test_single_precision_refuses_what_it_cannot_hold(options, message):
    with pytest.raises(cd.InputError, match=message):
        run("auto", "linear", 1, norms=False, dtype="float32", **options)


def test_norms_without_precision_cannot_be_preserved():
    with pytest.raises(cd.InputError, match=r"preserve_norms needs layers with norms between 2\.2e-308 and 1\.8e\+308"):
        run("fused", "linear", 1, norms=True, weights=1e-315)


@pytest.mark.parametrize("scale", [1.0, 1e-160, 1e-300, 1e160, 1e300])
def test_norms_at_any_scale(scale):
    layers = np.random.default_rng(0).standard_normal((3, 5, 4))
    np.testing.assert_allclose(frobenius(layers * scale), np.linalg.norm(layers, axis=(1, 2)) * scale, rtol=1e-14)
    assert frobenius(np.zeros((1, 2, 2))).tolist() == [0.0]


def test_ordinary_runs_are_not_looked_at_after_every_epoch():
    options = {"learning_rate": 0.1, "batch_size": None, "preserve_norms": False, "output_error": "delta", "seed": 0}
    ordinary = cd.student_teacher(n_inputs=100, n_hidden=200, n_train=300)
    assert not error_may_overflow(experiment(ordinary, [RULE], **options), 1e50)
    assert error_may_overflow(experiment(make(inputs=1e80), [RULE], **options), 1e50)
    assert not error_may_overflow(experiment(make("tanh", inputs=1e80), [RULE], **options), 1e50)


@pytest.mark.parametrize("scale", [{"weights": 1e9}, {"targets": 1e200}])
def test_a_flow_beyond_its_bound_from_the_start_has_diverged(scale):
    history = cd.flow(make("tanh", **scale), RULE, time=1.0, record=3)
    assert history.status.values.tolist() == ["diverged"] * 2
    assert (history.diverged_at == 0).all()
    assert np.isnan(history.train_error).all()


@pytest.mark.parametrize("scale", [1e-160, 1e-200])
def test_a_flow_keeps_norms_whose_squares_underflow(scale):
    history = cd.flow(make(weights=scale), RULE, time=1e-3, record=2, preserve_norms=True)
    kept(make(weights=scale), history.assign(diverged=history.diverged_at > 0))


def test_a_flow_too_fast_to_be_followed_is_given_up():
    history = cd.flow(make("tanh", targets=1e15), RULE, time=1.0, record=3, max_evaluations=500)
    assert history.status.values.tolist() == ["too many evaluations"] * 2
    assert np.isnan(history.student_hidden).all()


def test_textbook_s_error_is_what_a_run_says_at_ordinary_scale():
    problem = make()
    history = run("fused", "linear", 1, norms=True)
    want = textbook.mean_error(
        problem.student.hidden[0], problem.student.readout[0], problem.inputs, problem.train_outputs()[0], "linear",
        "linear",
    )  # fmt: skip
    np.testing.assert_allclose(history.train_error[0, 0], want, rtol=1e-13)
