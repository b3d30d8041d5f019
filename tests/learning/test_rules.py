"""Rules that are no signed gradients: against formulas written a second time and against sampled noise."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.rules import LearningRule
from curldescent.learning.rules.contract import mean_product
from curldescent.learning.rules.node_perturbation import _means
from curldescent.model.activations import of


@pytest.fixture(scope="module")
def problem():
    return cd.student_teacher(
        n_inputs=4, n_hidden=3, activation="tanh", output_activation="linear", n_train=12, n_test=5, trials=2, seed=2
    )


def stepped(problem, rule, **options):
    """The change of both layers of trial 0 in one epoch, per unit of step."""
    history = cd.train(problem, rule, epochs=1, learning_rate=0.1, **options)
    starts = problem.student.hidden[0], problem.student.readout[0]
    ends = history.student_hidden[0].values, history.student_readout[0].values
    return [(end - start) / 0.1 for start, end in zip(starts, ends, strict=True)]


def test_oja_is_hebbian_with_decay(problem):
    w1, w2 = problem.student.hidden[0], problem.student.readout[0]
    x, y = problem.inputs, problem.train_outputs()[0]
    h = np.tanh(x @ w1.T)
    out = h @ w2.T
    hidden = h.T @ x / 12 - 0.5 * (h**2).mean(0)[:, None] * w1
    for readout, expected in (
        ("delta", -(out - y).T @ h / 12),
        ("oja", out.T @ h / 12 - 0.5 * (out**2).mean(0)[:, None] * w2),
    ):
        got = stepped(problem, cd.rules.Oja(decay=0.5, readout=readout))
        np.testing.assert_allclose(got[0], hidden, atol=1e-12)
        np.testing.assert_allclose(got[1], expected, atol=1e-12)


def test_oja_finds_the_principal_component():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3)) * [2.0, 1.0, 0.5]
    one = cd.Problem(
        inputs=x, targets=np.zeros((400, 1)), student=cd.Weights([np.array([[0.3, 0.4, -0.2]]), np.zeros((1, 1))])
    )
    history = cd.train(one, cd.rules.Oja(), epochs=400, learning_rate=0.1)
    values, vectors = np.linalg.eigh(x.T @ x / 400)
    found = history.student_hidden[0, 0].values
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)
    assert abs(found @ vectors[:, np.argmax(values)]) == pytest.approx(1, abs=1e-6)


def test_the_mean_of_node_perturbation_is_that_of_sampled_noise(problem):
    sigma, draws = 0.4, 200_000
    got = stepped(problem, cd.rules.NodePerturbation(noise=sigma))
    rng = np.random.default_rng(5)
    w1, w2 = problem.student.hidden[0], problem.student.readout[0]
    totals = [np.zeros_like(w1), np.zeros_like(w2)]
    squares = [np.zeros_like(w1), np.zeros_like(w2)]
    for x, y in zip(problem.inputs, problem.train_outputs()[0], strict=True):
        z = w1 @ x
        clean = np.tanh(z)
        xi, zeta = rng.normal(0, sigma, (draws, 3)), rng.normal(0, sigma, (draws, 1))
        noisy = 0.5 * ((np.tanh(z + xi) @ w2.T + zeta - y) ** 2).sum(1)
        change = -(noisy - 0.5 * ((w2 @ clean - y) ** 2).sum())[:, None] / sigma**2
        for total, square, moved, pre in zip(totals, squares, (change * xi, change * zeta), (x, clean), strict=True):
            total += np.outer(moved.mean(0), pre) / 12
            square += np.outer(moved.var(0), pre**2) / draws / 144
    for ours, theirs, square in zip(got, totals, squares, strict=True):
        # Five standard errors of the sampled mean.
        assert (np.abs(ours - theirs) < 5 * np.sqrt(square)).all()
        assert (np.abs(theirs) > 5 * np.sqrt(square)).any()


@pytest.mark.parametrize("sigma", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "gelu", "softplus"])
def test_averages_over_the_noise_are_those_of_dense_quadrature(name, sigma):
    kind, z = of(name), np.array([-2.0, -0.3, 0.4, 1.7])
    # Dense sums meet the kink of relu to one spacing, 5e-5 of σ; smooth functions need no such spacing.
    nodes = np.linspace(-9 * sigma, 9 * sigma, 400_001 if name == "relu" else 40_001)
    density = np.exp(-0.5 * (nodes / sigma) ** 2)
    density /= density.sum()
    noisy = z[:, None] + nodes
    values = kind.value(noisy, np)
    slopes = kind.slope(noisy, values, np)
    with jax.enable_x64():
        found = _means(kind, jnp.asarray(z), sigma)
        # The slope of the mean is the mean of the slope, also where the slope jumps.
        turned = jax.jit(jax.vmap(jax.grad(lambda u: _means(kind, u, sigma)[0])))(jnp.asarray(z))
    for ours, theirs in zip(found, (values, slopes, values * slopes), strict=True):
        np.testing.assert_allclose(ours, (theirs * density).sum(1), atol=5e-5 * max(1, sigma))
    np.testing.assert_allclose(turned, found[1], atol=1e-8)


def test_single_precision_and_feedback(problem):
    half = cd.train(problem, cd.rules.NodePerturbation(), epochs=3, batch_size=5, dtype="float32")
    whole = cd.train(problem, cd.rules.NodePerturbation(), epochs=3, batch_size=5)
    np.testing.assert_allclose(half.student_hidden, whole.student_hidden, atol=1e-5)
    with pytest.raises(cd.InputError, match="must have no feedback"):
        cd.rules.NodePerturbation(plasticity=cd.Plasticity(feedback="random"))
    with pytest.raises(cd.InputError, match="noise must be at most"):
        cd.rules.NodePerturbation(noise=1e3)


def test_little_noise_is_gradient_descent_and_much_is_not(problem):
    descent = stepped(problem, cd.Plasticity())
    little, much = (stepped(problem, cd.rules.NodePerturbation(noise=s)) for s in (1e-3, 1.0))
    for a, b, c in zip(descent, little, much, strict=True):
        np.testing.assert_allclose(b, a, atol=1e-6)
        assert np.abs(c - a).max() > 1e-3


def test_strengths_multiply_the_changes_of_a_rule(problem):
    plain = stepped(problem, cd.rules.Oja())
    flipped = stepped(problem, cd.rules.Oja(plasticity=cd.Plasticity(hidden=[-1, 1, 0, 2])))
    np.testing.assert_allclose(flipped[0], plain[0] * [-1, 1, 0, 2], atol=1e-12)
    np.testing.assert_allclose(flipped[1], plain[1], atol=1e-12)


def test_a_function_of_what_a_synapse_sees_is_a_rule(problem):
    def descent(sight):
        return -mean_product(sight.error, sight.pre)

    for ours, theirs in zip(stepped(problem, descent), stepped(problem, cd.Plasticity()), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-13)
    several = cd.train(problem, [cd.Plasticity(readout=0.4), descent, cd.rules.Oja()], epochs=3, batch_size=5)
    assert several.rule.values.tolist() == ["CD (α_r = 0.4: 1 of 3)", "descent", "Oja"]
    alone = cd.train(problem, cd.Plasticity(readout=0.4), epochs=3, batch_size=5)
    np.testing.assert_array_equal(several.student_hidden[0], alone.student_hidden)


@dataclass(frozen=True, eq=False, repr=False)
class Averaged(LearningRule):
    """Follows a running mean of its error signal: a rule that remembers."""

    name: ClassVar[str] = "averaged"

    def state(self, layer):
        return {"mean": jnp.zeros_like(layer)}

    def change(self, sight):
        signal = mean_product(sight.error, sight.pre)
        return -sight.state["mean"], {"mean": signal - sight.state["mean"]}


def test_what_a_rule_remembers_moves_with_the_weights(problem):
    history = cd.train(problem, Averaged(), epochs=2, learning_rate=0.1)
    descent = stepped(problem, cd.Plasticity())
    # In the first epoch the mean is zero still; in the second it is a tenth of the first signal.
    for name, start, change in zip(("hidden", "readout"), problem.student.layers, descent, strict=True):
        np.testing.assert_allclose(history[f"student_{name}"][0], start[0] + 0.1 * 0.1 * change, atol=1e-13)
    with pytest.raises(cd.InputError, match="remembers something"):
        cd.flow(problem, Averaged(), time=1.0)


@dataclass(frozen=True, eq=False, repr=False)
class Calm(LearningRule):
    """Oja's rule with a running mean of the activities after the synapses: one number a neuron."""

    name: ClassVar[str] = "calm"

    def state(self, layer):
        return {"mean": jnp.zeros(layer.shape[0])}

    def change(self, sight):
        return -sight.weight, {"mean": jnp.mean(sight.post, axis=0) - sight.state["mean"]}


def test_what_a_rule_remembers_at_the_end_is_in_the_history(problem):
    history = cd.train(problem, Averaged(), epochs=1, learning_rate=0.1)
    assert history.state_hidden_mean.dims == history.student_hidden.dims
    for name, change in zip(("hidden", "readout"), stepped(problem, cd.Plasticity()), strict=True):
        # A tenth of the signal, whose negative is gradient descent's step of size one.
        np.testing.assert_allclose(history[f"state_{name}_mean"][0], -0.1 * change, atol=1e-13)


def test_rules_that_remember_different_things_do_not_mix_them_up(problem):
    rules = {"none": cd.Plasticity(), "synapses": Averaged(), "neurons": Calm(), "others": cd.rules.Oja()}
    history = cd.train(problem, rules, epochs=2, batch_size=5)
    assert {name for name in history if name.startswith("state_")} == {
        f"state_{layer}_mean_rule{number}" for layer in ("hidden", "readout") for number in (1, 2)
    }
    for number, name in ((1, "synapses"), (2, "neurons")):
        alone = cd.train(problem, rules[name], epochs=2, batch_size=5)
        for layer in ("hidden", "readout"):
            found = history[f"state_{layer}_mean_rule{number}"]
            np.testing.assert_array_equal(found.sel(rule=name), alone[f"state_{layer}_mean"])
            assert np.isnan(found.drop_sel(rule=name)).all()
    assert history.state_hidden_mean_rule2.dims == ("rule", "trial", "hidden")


def test_memory_comes_through_pieces_and_is_lost_where_a_trial_diverges(problem, monkeypatch):
    from curldescent.learning import train as module

    whole = cd.train(problem, Averaged(), epochs=3, batch_size=5)
    monkeypatch.setattr(module, "pieces_that_fit", lambda e, **_: [e.part(0, 1), e.part(1, e.trials)])
    pieces = cd.train(problem, Averaged(), epochs=3, batch_size=5)
    np.testing.assert_array_equal(pieces.state_readout_mean, whole.state_readout_mean)
    lost = cd.train(problem, Averaged(), epochs=200, learning_rate=1e9)
    assert bool(lost.diverged.all())
    assert np.isnan(lost.state_hidden_mean).all()


def test_the_flow_of_a_rule_is_the_limit_of_small_steps(problem):
    flow, rule = cd.flow(problem, cd.rules.Oja(), time=1.0), cd.rules.Oja()
    runs = [cd.train(problem, rule, epochs=n, learning_rate=1 / n) for n in (100, 200)]
    gaps = [np.abs(run.student_hidden - flow.student_hidden).max() for run in runs]
    assert float(gaps[1] / gaps[0]) == pytest.approx(0.5, abs=0.02)


@dataclass(frozen=True, eq=False, repr=False)
class Faulty(Averaged):
    """Rules with one mistake each."""

    mistake: str = ""
    name: ClassVar[str] = "faulty"

    def change(self, sight):
        moved, state = super().change(sight)
        return {
            "a number": jnp.mean(sight.error),
            "transposed": (moved.T, state),
            "no state": moved,
            "another name": (moved, {"average": state["mean"]}),
            "another shape": (moved, {"mean": state["mean"][0]}),
            "NumPy": (np.asarray(moved) if self.mistake == "NumPy" else moved, state),
        }[self.mistake]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("a number", "must return a change of the weights' shape"),
        ("transposed", "must return a change of the weights' shape"),
        ("no state", "and must return how that changes, .* got nothing"),
        ("another name", "and must return how that changes"),
        ("another shape", "and must return how that changes"),
        ("NumPy", "must work with jax.numpy"),
    ],
)
def test_mistakes_of_a_rule_are_said_by_everything_that_takes_it(problem, mistake, message):
    for call in (lambda r: cd.train(problem, r, epochs=1), lambda r: cd.field(problem, r)):
        with pytest.raises(cd.InputError, match=message):
            call(Faulty(mistake=mistake))


def test_rules_say_their_settings_and_equal_ones_are_compiled_once(problem):
    assert repr(cd.rules.Oja(decay=2.0)) == "Oja (decay = 2.0)"
    assert cd.rules.Oja(plasticity=cd.Plasticity(hidden=0.5)).label == "Oja, CD (α_h = 0.5)"
    assert cd.rules.Oja(decay=2.0) == cd.rules.Oja(decay=2.0, plasticity=cd.Plasticity(hidden=0.5))
    assert cd.rules.Oja() != cd.rules.Oja(decay=2.0)
    both = cd.train(problem, [cd.rules.Oja(), cd.rules.Oja(decay=2.0)], epochs=2)
    assert both.rule.values.tolist() == ["Oja", "Oja (decay = 2.0)"]

    @dataclass(frozen=True, eq=False, repr=False)
    class Nameless(LearningRule):
        def change(self, sight):
            return sight.weight

    with pytest.raises(cd.InputError, match="the rule Nameless needs a name"):
        Nameless()
    with pytest.raises(cd.InputError, match="got the class Oja, not one of it"):
        cd.train(problem, cd.rules.Oja, epochs=1)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda sight: 1.0, "must return a change of the weights' shape"),
        (cd.Plasticity, "rule must be a cd.Plasticity"),
        ("oja", "rule must be a cd.Plasticity"),
    ],
)
def test_what_is_no_rule_is_refused(problem, rule, message):
    with pytest.raises(cd.InputError, match=message):
        cd.train(problem, rule, epochs=1)


def test_rules_say_what_they_are_not_defined_for(problem):
    deep = cd.student_teacher(n_inputs=3, n_hidden=[3, 3], n_train=5)
    with pytest.raises(cd.InputError, match="networks with 2 layers, this one has 3"):
        cd.train(deep, cd.rules.NodePerturbation(), epochs=1)
    bent = cd.student_teacher(n_inputs=3, n_hidden=3, activation="tanh", n_train=5)
    with pytest.raises(cd.InputError, match="known for linear outputs"):
        cd.train(bent, cd.rules.NodePerturbation(), epochs=1)
    with pytest.raises(cd.InputError, match='engine="fused" runs signed gradients'):
        cd.train(problem, cd.rules.Oja(), epochs=1, engine="fused")
    for kind, bad in ((cd.rules.Oja, {"decay": -1}), (cd.rules.Oja, {"readout": "hebb"})):
        with pytest.raises(cd.InputError, match=next(iter(bad))):
            kind(**bad)
    with pytest.raises(cd.InputError, match="noise must be"):
        cd.rules.NodePerturbation(noise=0)
