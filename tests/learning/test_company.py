"""A rule's, a trial's numbers are the same to the bit whatever else is in the call."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.engines.side_by_side import SideBySide
from curldescent.learning.experiment import experiment

EPOCHS = 14
N_INPUTS, N_HIDDEN = 5, 30
PER_SYNAPSE = np.sign(np.random.default_rng(1).standard_normal((N_HIDDEN, N_INPUTS)))
GRADED = np.random.default_rng(2).uniform(-1, 1, (N_HIDDEN, N_INPUTS))
RULE = cd.Plasticity(hidden=np.linspace(-0.7, 1.0, N_INPUTS), readout=0.3)
COMPANY = {
    "signs per synapse": cd.Plasticity(hidden=PER_SYNAPSE),
    "graded per synapse": cd.Plasticity(hidden=GRADED),
    "aligned": cd.Plasticity(feedback="random"),
    "frozen": cd.Plasticity(hidden=np.zeros(N_INPUTS), readout=np.zeros(N_HIDDEN)),
    "diverging": cd.Plasticity(hidden=-np.full(N_INPUTS, 1e3)),
    "many groups": cd.Plasticity(readout=np.repeat(np.linspace(-1, 1, 6), 5)),
    "gradient descent": cd.Plasticity(),
}


def problem(activation, outputs, trials=3):
    return cd.student_teacher(
        n_inputs=N_INPUTS,
        n_hidden=N_HIDDEN,
        n_outputs=outputs,
        n_train=33,
        n_test=9,
        activation=activation,
        trials=trials,
    )


def same_bits(one, other):
    for name in ("train_error", "test_error", "student_hidden", "student_readout", "diverged_at", "stopped_at"):
        assert one[name].values.tobytes() == other[name].values.tobytes(), name


CASES = [
    ("linear", 1, "auto"),
    ("linear", 1, "fused"),
    ("linear", 2, "auto"),
    ("linear", 2, "fused"),
    ("tanh", 1, "auto"),
    ("relu", 2, "auto"),
    ("linear", 1, "jax"),
    ("tanh", 2, "jax"),
]


@pytest.mark.parametrize("batch", [8, None])
@pytest.mark.parametrize(
    ("activation", "outputs", "engine"),
    [*CASES[:-1], pytest.param(*CASES[-1], marks=pytest.mark.slow)],
)
def test_a_rule_learns_alone_as_in_any_company(activation, outputs, engine, batch):
    p = problem(activation, outputs)
    settings = {"epochs": EPOCHS, "batch_size": batch, "preserve_norms": True, "engine": engine, "learning_rate": 0.3}
    alone = cd.train(p, RULE, **settings)
    assert np.isfinite(alone.train_error).all()
    for company in (["signs per synapse"], list(COMPANY)):
        rules = {**{name: COMPANY[name] for name in company}, "it": RULE}
        together = cd.train(p, rules, **settings)
        same_bits(together.sel(rule="it"), alone)


def test_order_parameters_beside_wider_ones():
    p = problem("linear", 2)
    settings = {"epochs": EPOCHS, "batch_size": 8, "preserve_norms": True, "engine": "order-parameters"}
    rules = {name: COMPANY[name] for name in ("aligned", "frozen", "many groups", "gradient descent")}
    together = cd.train(p, {**rules, "it": RULE}, **settings)
    for name, rule in {**rules, "it": RULE}.items():
        same_bits(together.sel(rule=name), cd.train(p, rule, **settings))


@pytest.mark.parametrize("batch", [8, None])
@pytest.mark.parametrize(("activation", "outputs", "engine"), CASES)
def test_a_trial_learns_alone_as_among_others(activation, outputs, engine, batch):
    p = problem(activation, outputs)
    first = cd.Problem(
        inputs=p.inputs,
        test_inputs=p.test_inputs,
        student=cd.Weights(hidden=p.student.hidden[:1], readout=p.student.readout[:1]),
        targets=p.train_outputs()[:1],
        test_targets=p.test_outputs()[:1],
        activation=p.activation,
        output_activation=p.output_activation,
    )
    whole = cd.Problem(
        inputs=p.inputs,
        test_inputs=p.test_inputs,
        # The others diverge, and are stopped, at epochs of their own.
        student=cd.Weights(
            hidden=p.student.hidden * np.array([1, 1e30, 1])[:, None, None], readout=p.student.readout.copy()
        ),
        targets=p.train_outputs(),
        test_targets=p.test_outputs(),
        activation=p.activation,
        output_activation=p.output_activation,
    )
    rules = {"it": RULE, "synapses": COMPANY["signs per synapse"]}
    settings = {"epochs": EPOCHS, "batch_size": batch, "engine": engine, "learning_rate": 0.2, "preserve_norms": True}
    threshold = 0.99 * float(cd.train(first, RULE, **settings).train_error[0, 5])
    alone = cd.train(first, rules, record=[0, 3, EPOCHS], stop_below=threshold, **settings)
    among = cd.train(whole, rules, record=[0, 3, EPOCHS], stop_below=threshold, threads=3, **settings)
    same_bits(among.isel(trial=slice(1)), alone)
    # And what is looked at between leaves no trace.
    often = cd.train(first, rules, record=range(EPOCHS + 1), **settings)
    seldom = cd.train(first, rules, record=[EPOCHS], **settings)
    assert often.student_hidden.values.tobytes() == seldom.student_hidden.values.tobytes()
    assert often.train_error[..., -1].values.tobytes() == seldom.train_error[..., -1].values.tobytes()


def test_engines_side_by_side_keep_the_order_of_the_rules():
    p = problem("linear", 1)
    rules = [COMPANY["signs per synapse"], RULE, COMPANY["graded per synapse"], COMPANY["gradient descent"]]
    e = experiment(p, rules, learning_rate=0.1, batch_size=None, preserve_norms=False, output_error="delta", seed=0)
    from curldescent.learning.engines.registry import build_engine

    engine = build_engine(e, engine="fused", dtype="float64", threads=1, epochs=4)
    assert isinstance(engine, SideBySide)
    np.testing.assert_array_equal(engine.weights()[0], np.broadcast_to(p.student.hidden, (4, 3, N_HIDDEN, N_INPUTS)))
    mask = np.zeros((4, 3), bool)
    mask[1, 2] = mask[2, 0] = True
    engine.stop(mask, diverged=True)
    np.testing.assert_array_equal(engine.active, ~mask)
    np.testing.assert_array_equal(engine.diverged_at, np.where(mask, 0, -1))
    engine.advance(2)
    assert engine.epoch == 2
    np.testing.assert_array_equal(np.isnan(engine.errors()[0]), mask)
