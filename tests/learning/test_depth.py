"""Students of any depth, against automatic differentiation and against the two-layer case."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.model import forward

SIZES = (5, 6, 4, 2)


def deep(sizes=SIZES, *, trials=2, activation="tanh", output="tanh", seed=0):
    return cd.student_teacher(
        n_inputs=sizes[0],
        n_hidden=list(sizes[1:-1]),
        n_outputs=sizes[-1],
        activation=activation,
        output_activation=output,
        n_train=21,
        n_test=7,
        trials=trials,
        seed=seed,
    )


@pytest.mark.parametrize("sizes", [(5, 2), (5, 6, 2), SIZES, (3, 4, 4, 4, 1)])
@pytest.mark.parametrize("rule", [cd.Plasticity(), cd.Plasticity(hidden=0.5, readout=0.5)])
def test_one_epoch_is_signed_autodiff_of_the_recorded_error(sizes, rule):
    problem = deep(sizes, activation="gelu", output="linear")
    history = cd.train(problem, rule, epochs=1, learning_rate=0.2, engine="jax", record=[0, 1])
    strengths = rule.strengths(sizes)

    @jax.jit
    @jax.value_and_grad
    def error(layers, targets):
        return forward.error(forward.outputs(problem.inputs, layers, "gelu", "linear", jnp), targets, jnp)

    for trial in range(2):
        with jax.enable_x64():
            layers = [jnp.asarray(layer[trial]) for layer in problem.student.layers]
            first, gradient = error(layers, problem.train_outputs()[trial])
        assert history.train_error[trial, 0] == pytest.approx(float(first), rel=1e-12)
        for name, w, s, g in zip(problem.student.names, layers, strengths, gradient, strict=True):
            expected = np.asarray(w) - 0.2 * s * np.asarray(g)
            np.testing.assert_allclose(history[f"student_{name}"][trial], expected, atol=1e-13)


def test_a_list_of_two_layers_is_hidden_and_readout_to_the_bit():
    problem = deep((5, 6, 2))
    named = cd.Problem(
        inputs=problem.inputs,
        student=cd.Weights(hidden=problem.student.hidden, readout=problem.student.readout),
        teacher=problem.teacher,
        activation="tanh",
    )
    for engine in ("fused", "jax"):
        both = [
            cd.train(p, cd.Plasticity(readout=0.5), epochs=5, batch_size=4, engine=engine) for p in (problem, named)
        ]
        np.testing.assert_array_equal(both[0].student_hidden, both[1].student_hidden)


def test_layers_are_named_by_position_or_name_and_said():
    problem = deep()
    ways = [
        cd.Plasticity(layers={1: cd.Flips(count=2)}),
        cd.Plasticity(layers={"layer2": cd.Flips(indices=[0, 1])}),
        cd.Plasticity(layers=[0.0, [-1, -1, 1, 1, 1, 1], 0.0]),
        cd.Plasticity(layers={-2: cd.Flips(count=2), "readout": 0.0}),
        cd.Plasticity(),
    ]
    runs = [cd.train(problem, rule, epochs=3, batch_size=5) for rule in ways]
    for run in runs[1:4]:
        np.testing.assert_array_equal(runs[0].student_layer2, run.student_layer2)
    assert runs[0].attrs["realised"] == "layer2 2 of 6 neurons flipped"
    assert runs[0].student_layer2.dims == ("trial", "neuron2", "neuron1")
    assert runs[0].student_layer3.dims == ("trial", "output", "neuron2")
    assert not np.array_equal(runs[0].student_layer2, runs[4].student_layer2)


def test_norms_are_kept_and_weights_recorded_in_every_layer():
    problem = deep()
    settings = {"batch_size": 8, "preserve_norms": True, "record_weights": True, "record": [0, 4]}
    history = cd.train(problem, cd.Plasticity(hidden=0.5), epochs=4, **settings)
    for name, start in zip(problem.student.names, problem.student.layers, strict=True):
        kept = np.linalg.norm(history[f"{name}_history"], axis=(-2, -1))
        np.testing.assert_allclose(kept, np.linalg.norm(start, axis=(-2, -1))[:, None] * np.ones(2), rtol=1e-13)
        np.testing.assert_array_equal(history[f"{name}_history"][:, -1], history[f"student_{name}"])


def test_feedback_alignment_carries_the_error_by_every_matrix():
    problem = deep(trials=1, output="linear")
    rng = np.random.default_rng(1)
    b1, b2 = rng.normal(size=(6, 4)), rng.normal(size=(4, 2))
    history = cd.train(problem, cd.Plasticity(feedback=(b1, b2)), epochs=1, learning_rate=0.1)
    w1, w2, w3 = (layer[0] for layer in problem.student.layers)
    x, y = problem.inputs, problem.train_outputs()[0]
    a1 = np.tanh(x @ w1.T)
    a2 = np.tanh(a1 @ w2.T)
    e3 = a2 @ w3.T - y
    e2 = (e3 @ b2.T) * (1 - a2**2)
    e1 = (e2 @ b1.T) * (1 - a1**2)
    for name, w, e, before in (("1", w1, e1, x), ("2", w2, e2, a1), ("3", w3, e3, a2)):
        np.testing.assert_allclose(history[f"student_layer{name}"][0], w - 0.1 * e.T @ before / len(x), atol=1e-14)


def test_the_flow_is_the_limit_of_small_steps():
    problem = deep(trials=1)
    rule = cd.Plasticity(hidden=0.5)
    flow = cd.flow(problem, rule, time=1.0)
    errors = []
    for steps in (100, 200):
        run = cd.train(problem, rule, epochs=steps, learning_rate=1 / steps)
        errors.append(np.abs(run.student_layer2.values - flow.student_layer2.values).max())
    # Euler's method: half the step, half the error.
    assert errors[1] / errors[0] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("sizes", [(5, 2), SIZES])
def test_analyses_of_flips_and_descent_know_every_depth(sizes):
    problem = deep(sizes, output="linear").starting_at_teacher()
    margins = cd.analysis.flip_margins(problem, cd.Plasticity())
    assert len(margins.names) == sum(sizes[:-1])
    rule = cd.Plasticity(layers={0: cd.Flips(count=1)})
    history = cd.train(deep(sizes), rule, epochs=4, record=range(5), record_weights=True)
    profile = cd.analysis.descent_profile(deep(sizes), rule, run=history.isel(trial=0))
    assert len(profile.loss) == 5


def test_predictions_and_single_trials():
    problem = deep()
    history = cd.train(problem, cd.Plasticity(), epochs=2)
    assert cd.predict(problem, history).shape == (2, 7, 2)
    one = problem.trial(1)
    assert one.trials == 1
    np.testing.assert_array_equal(one.train_outputs()[0], problem.train_outputs()[1])
    alone = cd.train(one, cd.Plasticity(), epochs=2)
    np.testing.assert_array_equal(alone.student_layer1[0], history.student_layer1[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: cd.train(deep(), cd.Plasticity(), epochs=1, engine="fused"),
            "runs students with two layers, got 3",
        ),
        (lambda: deep().student.hidden, "this one has 3: take .layers"),
        (lambda: cd.Weights([np.ones((3, 2)), np.ones((2, 4))]), "one column per hidden neuron"),
        (lambda: cd.Weights([np.ones((3, 2)), np.ones((2, 3)), np.ones((1, 4))]), "one column per neuron of layer2"),
        (lambda: cd.Weights([]), "layers must be a list of weights"),
        (lambda: cd.Weights(np.ones((2, 2)), hidden=np.ones((2, 2))), "got both"),
        (lambda: cd.train(deep(), cd.Plasticity(layers={3: 0.5}), epochs=1), "layers must name layers of the network"),
        (lambda: cd.train(deep(), cd.Plasticity(layers=[0.5, 0.5]), epochs=1), "layers must have 3 entries"),
        (lambda: cd.train(deep(), cd.Plasticity(layers={0: 0.5, "layer1": 0.5}), epochs=1), "name every layer once"),
        (lambda: cd.train(deep(), cd.Plasticity(feedback=np.ones((6, 4))), epochs=1), "feedback must have 2 matrices"),
        (lambda: cd.Plasticity(layers=0.5), "layers must be a list"),
        (lambda: deep().trial(2), "trial must be a whole number between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(cd.InputError, match=message):
        call()
