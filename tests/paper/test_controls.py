"""Controls of the speed-up: experiments at every scale, claims that confirm and reject, pictures."""

from importlib import import_module

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from curldescent.paper.controls import learning_rate, placement, summary
from curldescent.paper.controls import mechanism as control_mechanism
from curldescent.paper.machinery import controls, mechanism_runs
from curldescent.paper.machinery.claims import SCALES, Results
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.effects import ratio_of
from curldescent.plots import style

mpl.use("agg")
SIMPLE = ("gradient", "learning_rate", "momentum", "noise", "metric", "norms", "placement", "depth", "digits")
FIGURES = {name: import_module(f"curldescent.paper.controls.{name}").FIGURE for name in SIMPLE}
TRIALS = 8


def constructed(figure, factor, *, few_factor=None, scale="quick", trials=TRIALS):
    """Datasets in which every CD arm takes `factor` times the epochs of its GD arm, with scatter."""
    data = {}
    for name, experiment in figure.experiments(scale).items():
        rng = np.random.default_rng(5)
        start = rng.uniform(900, 1100, trials)
        scatter = rng.uniform(0.99, 1.01, trials)
        if isinstance(experiment, Computation):
            data[name] = _computed(figure, experiment, start, scatter, factor)
            continue
        axes = experiment.grid.axes
        coords = {a.name: list(a.labels) if a.labels else list(a.columns[a.name]) for a in axes}
        values = np.empty((*experiment.grid.shape, trials))
        for index in np.ndindex(*experiment.grid.shape):
            where = {n: coords[n][i] for n, i in zip(coords, index, strict=True)}
            fewest = few_factor is not None and where.get("n_train") == controls.SIZES[scale].few
            curl = (few_factor if fewest else factor) * scatter if where["rule"].startswith("CD") else 1
            values[index] = start * curl / where.get("learning_rate", 1.0)
        dims = (*coords, "trial")
        data[name] = xr.Dataset(
            {"epochs_to_train": ((*dims, "threshold"), values[..., None]), "stopped_at": (dims, values)}, coords=coords
        )
    return Results(scale, data)


def _computed(figure, experiment, start, scatter, factor):
    given = experiment.arguments
    curl = given.get("flips") or given.get("layer") is not None
    made = {"arm": (start * (factor * scatter if curl else 1), np.ones(len(start), bool))}
    if figure.key == "control-digits":
        names = import_module("curldescent.paper.controls.digits").RULES
        made = {n: (start * (factor * scatter if n.startswith("CD") else 1), np.ones(len(start), bool)) for n in names}
        data = controls.arms_dataset(made).assign_coords(epoch=[0, 10, 100])
        data["train_error"] = (("arm", "trial", "epoch"), np.ones((len(names), len(start), 3)) * [1.0, 0.1, 0.01])
        data["accuracy"] = (("arm", "trial"), np.tile(np.where(factor < 1, 0.9, [[0.9], [0.8], [0.8], [0.8]]), 8))
        return data
    return controls.arms_dataset(made)


def measured(results, figure):
    return {claim.name: claim.measure(results).holds for claim in figure.claims}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", [*SIMPLE, "mechanism", "summary"])
def test_experiments_build(name, scale):
    assert import_module(f"curldescent.paper.controls.{name}").FIGURE.at(scale)


def test_the_base_setting_is_the_papers():
    settings = controls.base(controls.SIZES["paper"]).settings
    given = settings.student_teacher
    assert (given["n_inputs"], given["n_hidden"], given["activation"]) == (100, 10, "tanh")
    assert (given["student_scale"], given["teacher_scale"], given["trials"]) == (2.0, 1.0, 10)
    training = settings.training
    assert (training["batch_size"], training["learning_rate"], training["epochs"]) == (10, 0.1, 100_000)
    assert training["preserve_norms"] is True
    assert training["output_error"] == "delta"
    assert controls.SIZES["paper"].many == 2000


FASTER_BY_FACTOR = {
    "gradient": ("base", "exact gradient", "exact against delta"),
    "learning_rate": ("best against best",),
    "momentum": ("against 0.9", "against 0.9999", "both with momentum"),
    "noise": ("against noise", "against passing flips"),
    "metric": ("|S| = 2, others 1", "|S| = ½, others 1", "|S| = 1, others ½–3/2", "frozen"),
    "norms": ("free norms", "against free gradient descent"),
    "placement": ("another neuron", "every neuron", "three at random"),
    "depth": ("last layer", "middle layer"),
    "digits": ("one flip", "three flips"),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_claims_of_speed_confirm_and_reject(name):
    good, bad = (measured(constructed(FIGURES[name], factor), FIGURES[name]) for factor in (0.4, 1.5))
    for claim in FASTER_BY_FACTOR[name]:
        assert good[claim] is True, claim
        assert bad[claim] is False, claim


def test_too_few_pairs_say_nothing():
    found = measured(constructed(FIGURES["gradient"], 0.4, trials=4), FIGURES["gradient"])
    assert set(found.values()) == {None}


def test_fewer_samples_smaller_advantage():
    (claim,) = [c for c in FIGURES["gradient"].claims if c.name == "few samples"]
    assert claim.measure(constructed(FIGURES["gradient"], 0.4, few_factor=0.9)).holds is True
    assert claim.measure(constructed(FIGURES["gradient"], 0.4, few_factor=0.2)).holds is False


@pytest.mark.parametrize(("name", "claim"), [("momentum", "does nothing"), ("noise", "noise does nothing")])
def test_claims_of_equality_confirm_and_reject(name, claim):
    figure = FIGURES[name]
    (found,) = [c for c in figure.claims if c.name == claim]
    results = constructed(figure, 0.4)
    assert found.measure(results).holds is True
    key = next(k for k in results.data if k != controls.BASE)
    data = dict(results.data)
    data[key] = data[key].assign(epochs_to_train=data[key].epochs_to_train * 1.2)
    assert found.measure(Results("quick", data)).holds is False


def scattered(results, name, factor=1.0):
    """The results with one experiment's epochs of curl descent spread by up to a factor of 3 either way."""
    data = dict(results.data)
    spread = factor * 3 ** np.linspace(-1, 1, data[name].sizes["trial"])
    changed = data[name].copy(deep=True)
    curl = [str(label).startswith("CD") or label == "arm" for label in changed[dim_of(changed)].values]
    values = changed.epochs_to_train.transpose(dim_of(changed), "trial", ...)
    place = (np.flatnonzero(curl), slice(None)) if values.ndim == 2 else (np.flatnonzero(curl), slice(None), ...)
    values[place] = values[place] * spread.reshape(1, -1, *[1] * (values.ndim - 2))
    return Results(results.scale, {**data, name: changed.assign(epochs_to_train=values)})


def dim_of(data):
    return "rule" if "rule" in data.dims else "arm"


@pytest.mark.parametrize(
    ("name", "experiment", "claim"),
    [
        ("norms", "control-norms", "free norms"),
        ("metric", "control-metric", "|S| = 2, others 1"),
        ("placement", "control-placement", "every neuron"),
        ("placement", "control-placement", "first or another"),
        ("depth", "control-depth-3", "middle layer"),
        ("digits", "control-digits", "one flip"),
    ],
)
def test_what_scatters_too_much_is_undecided(name, experiment, claim):
    results = scattered(constructed(FIGURES[name], 1.0), experiment)
    (found,) = [c for c in FIGURES[name].claims if c.name == claim]
    finding = found.measure(results)
    assert finding.holds is None
    # What lies on both sides is said.
    assert "[" in finding.said


@pytest.mark.parametrize(
    ("lost", "spread", "costs", "small"),
    [
        (0.4, 0.1, True, True),
        (0.0, 0.1, None, True),
        (-0.4, 0.1, False, True),
        (3.0, 0.1, True, False),
        (0.5, 3.0, None, None),
    ],
)
def test_the_cost_in_accuracy_is_an_interval(lost, spread, costs, small):
    results = constructed(FIGURES["digits"], 0.9)
    data = results["control-digits"].copy(deep=True)
    data["accuracy"][:] = 0.97
    data["accuracy"][1] = 0.97 - (lost + spread * np.linspace(-1, 1, data.sizes["trial"])) / 100
    found = measured(Results("quick", {"control-digits": data}), FIGURES["digits"])
    assert (found["accuracy"], found["small cost"]) == (costs, small)


def test_the_constraint_confirms_and_rejects():
    figure = FIGURES["norms"]
    results = constructed(figure, 0.4)
    for factor, expected in ((0.7, True), (1.3, False)):
        data = dict(results.data)
        free = data["control-norms"]
        data["control-norms"] = free.assign(epochs_to_train=free.epochs_to_train * factor)
        assert measured(Results("quick", data), figure)["the constraint"] is expected


def test_learning_rates_that_fail_are_not_the_best_and_limit_stability():
    figure = FIGURES["learning_rate"]
    results = constructed(figure, 0.4)
    data = results.data["control-learning-rate"]
    assert measured(results, figure)["stability"] is True
    assert measured(results, figure)["tuned gradient descent"] is True
    fails = (data.learning_rate >= 50) & (data.rule == "CD")
    data = data.assign(stopped_at=data.stopped_at.where(~fails, -1))
    partly = Results("quick", {"control-learning-rate": data})
    assert learning_rate.best(partly, "CD")[0] == 30
    assert learning_rate.best(partly, "GD")[0] == 100
    assert measured(partly, figure)["stability"] is False
    slow = data.assign(epochs_to_train=data.epochs_to_train * (1 + 999 * (data.learning_rate > 0.1)))
    assert measured(Results("quick", {"control-learning-rate": slow}), figure)["tuned gradient descent"] is False


def test_first_or_another_neuron():
    figure = FIGURES["placement"]
    results = constructed(figure, 0.4)
    assert measured(results, figure)["first or another"] is True
    base = results.data[controls.BASE]
    slower = base.assign(epochs_to_train=base.epochs_to_train * 1.5)
    changed = Results("quick", {**results.data, controls.BASE: slower})
    assert measured(changed, figure)["first or another"] is False


def test_random_sets_are_not_the_first_three():
    sets = placement.random_sets()
    assert len({tuple(s) for s in sets}) == placement.RANDOM_SETS
    assert [0, 1, 2] not in sets


def test_the_interval_of_two_arms_is_students():
    from scipy import stats

    rng = np.random.default_rng(2)
    a, b = rng.uniform(1, 3, 9), rng.uniform(1, 3, 9)
    reached = np.ones(9, bool)
    found = controls.effect(Arm(a, reached), Arm(b, reached))
    interval = stats.ttest_1samp(np.log(a / b), 0).confidence_interval(0.95)
    np.testing.assert_allclose(found.interval, np.exp([interval.low, interval.high]), rtol=1e-12)
    np.testing.assert_allclose(found.ratio, stats.gmean(a / b), rtol=1e-12)


@pytest.mark.parametrize("name", SIMPLE)
def test_pictures(name):
    with style.figure_style():
        picture = FIGURES[name].draw(constructed(FIGURES[name], 0.5))
    assert picture.axes
    picture.canvas.draw()


def test_summary_counts_and_draws():
    won = constructed(summary.FIGURE, 0.4)
    # The summary reads every control's data; only the digits' need more than arms.
    won = Results("quick", {**won.data, "control-digits": constructed(FIGURES["digits"], 0.4)["control-digits"]})
    assert set(measured(won, summary.FIGURE).values()) == {True}
    assert {row.verdict for row in summary.rows(won)} == {"wins"}
    lost = constructed(summary.FIGURE, 2.0)
    lost = Results("quick", {**lost.data, "control-digits": constructed(FIGURES["digits"], 2.0)["control-digits"]})
    assert set(measured(lost, summary.FIGURE).values()) == {False}
    assert {row.verdict for row in summary.rows(lost)} == {"loses"}
    summary.FIGURE.draw(won).canvas.draw()
    # Equal arms tie, which refutes; one arm that scatters is undecided, and nothing follows from it.
    tied, scattered, more = ([1.01, 0.99] * 4, [0.3, 0.5, 1, 1, 2, 4, 5, 0.7], np.linspace(2, 3, 8))
    effects = [ratio_of(epochs, np.ones(8)) for epochs in (tied, scattered, more)]
    row = summary.Outcome("a", effects[0], "ties", effects[0].equivalence_p())
    unclear = summary.Outcome("b", effects[1], "undecided", effects[1].equivalence_p())
    clear = summary.Outcome("c", effects[2], "wins", effects[2].p_value)
    found = [summary._all_win(rows) for rows in ([clear, row], [clear, unclear], [clear])]
    assert [one.holds for one in found] == [False, None, True]
    assert found[0].p_value == pytest.approx(2 * effects[0].equivalence_p())
    assert found[2].p_value == pytest.approx(effects[2].p_value)


def mechanism(*, climb=0.0, share=0.9, kept=0.8, saving="late"):
    """Curves on which the claims of the mechanism can be read off; GD waits at 0.01 from epoch 100 to 1000."""
    epochs = np.concatenate([[0], np.round(np.geomspace(1, 4000, 200))])
    epochs = np.unique(epochs)
    gd = np.interp(epochs, [0, 100, 1000, 2000], [0.1, 0.01, 0.0095, 0.0009], right=np.nan)
    cd_ends = {"plateau": [0, 100, 120, 1120], "late": [0, 100, 1000, 1100]}[saving]
    cd = np.interp(epochs, cd_ends, [0.1, 0.01, 0.0095, 0.0009], right=np.nan)
    if climb:
        cd = cd * (1 + climb * np.exp(-((np.log(np.maximum(epochs, 1) / 50) / 0.2) ** 2) / 2) * 3)
    error = np.tile(np.stack([gd, cd])[:, None], (1, 6, 1))
    look = epochs[::3]
    dims = ("rule", "trial", "epoch")
    flipped = np.where(np.isfinite(error), 0.1, np.nan)
    flipped[1] *= share / 0.1
    stopped = np.tile([[2000.0], [1110.0]], (1, 6))
    data = xr.Dataset(
        {
            "train_error": (dims, error),
            "share": (dims, flipped),
            "input_norm": (dims, flipped),
            "rate": (("rule", "trial", "look"), -0.1 * error[..., ::3]),
            "speed": (("rule", "trial", "look"), error[..., ::3]),
            "stopped_at": (("rule", "trial"), stopped),
        },
        coords={"rule": ["GD", "CD"], "epoch": epochs, "look": look},
    )
    after = {
        f"GD after {n} epochs of CD": (np.full(6, 2000 - 890 * kept), np.ones(6, bool))
        for n in control_mechanism.SWITCHES
    }
    switch = controls.arms_dataset(after)
    return Results("quick", {"control-mechanism": data, "control-mechanism-switch": switch})


@pytest.mark.parametrize(
    ("claim", "good", "bad"),
    [
        ("uphill", {"climb": 0.5}, {}),
        ("plateaus", {"saving": "plateau"}, {"saving": "late"}),
        ("takeover", {}, {"share": 0.3}),
        ("place, not rule", {}, {"kept": 0.2}),
    ],
    ids=["uphill", "plateaus", "takeover", "switch"],
)
def test_claims_of_the_mechanism_confirm_and_reject(claim, good, bad):
    (found,) = [c for c in control_mechanism.FIGURE.claims if c.name == claim]
    assert found.measure(mechanism(**good)).holds is True
    assert found.measure(mechanism(**bad)).holds is False


def test_mechanism_is_drawn():
    control_mechanism.draw(mechanism()).canvas.draw()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_drift_is_the_change_of_the_error_along_one_small_update(sign):
    from curldescent.learning.rules.signed_gradient import Convention, Learning, update
    from curldescent.model.forward import error, outputs

    rng = np.random.default_rng(3)
    w1, w2 = rng.normal(size=(5, 8)), rng.normal(size=(1, 5))
    x, y = rng.normal(size=(30, 8)), rng.uniform(-0.5, 0.5, size=(30, 1))
    signs = np.array([[sign, 1, 1, 1, 1]])
    learning = Learning((np.ones_like(w1), signs), (w2.T,), np.array(False))
    norms = np.array([np.linalg.norm(w1), np.linalg.norm(w2)])
    convention = Convention("tanh", "tanh", "delta", preserve_norms=True)
    rate, speed = mechanism_runs.drift(w1, w2, sign, x, y)
    seen = []
    for step in (1e-5, -1e-5):
        moved = update((w1, w2), learning, norms, x, y, step, convention, np)
        seen.append((error(outputs(x, moved, "tanh", "tanh"), y), moved))
    np.testing.assert_allclose(rate, (seen[0][0] - seen[1][0]) / 2e-5, rtol=1e-6)
    length = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(seen[0][1], seen[1][1], strict=True))) / 2e-5
    np.testing.assert_allclose(speed, length, rtol=1e-6)


def test_a_short_trajectory_computes():
    data = mechanism_runs.trajectories(trials=2, n_train=20, epochs=8)
    assert (data.rate.sel(rule="GD", look=0) < 0).all()
    changed = mechanism_runs.switched(trials=2, n_train=20, epochs=8, after=[2])
    assert changed.epochs_to_train.shape == (1, 2)
    np.testing.assert_allclose(data.input_norm.isel(epoch=0), 1.0)
