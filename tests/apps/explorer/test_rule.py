"""The view of a typed rule, without a browser: what is read, and that its numbers are the library's and the truth's."""

import runpy

import numpy as np
import pytest

pytest.importorskip("panel", reason="the explorer's extra is not installed: pip install 'curldescent[explore]'")

import curldescent as cd
from curldescent.apps.explorer.rule_plane import (
    ANGLES,
    GRID,
    Network,
    Slice,
    field_of,
    measured,
    problem_of,
    read_layer,
    read_rule,
)
from curldescent.apps.explorer.views.rule import RuleState, script

SMALL = Network(2, 3, "tanh", 1)


def asked(**given):
    rule, _ = read_rule(
        given.get("hidden", ""), given.get("readout", ""), given.get("kind", "transpose"), given.get("numbers", "")
    )
    return Slice(given.get("network", SMALL), rule, given.get("pair", (0, 6)), (0.7, -0.4), 0.5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0.0),
        (" 0.5 ", 0.5),
        ("-1, 1 0.5", [-1.0, 1.0, 0.5]),
        ("-1;1", [-1.0, 1.0]),
    ],
)
def test_what_is_typed_is_a_fraction_or_strengths(text, value):
    assert read_layer("readout", text) == value


REFUSED = {
    "a word": (("cat", "", "transpose", ""), "the hidden rule must be a fraction, such as 0.5, .* got 'cat'"),
    "code": (("", "__import__('os')", "transpose", ""), "the readout rule must be a fraction"),
    "above one": (("1.5", "", "transpose", ""), "hidden plasticity must be .*1.5"),
    "not finite": (("nan, 1", "", "transpose", ""), "hidden plasticity"),
    "feedback": (("", "", "typed", "1, x"), "the feedback rule must be .* got 'x'"),
}


@pytest.mark.parametrize(("typed", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_one_sentence(typed, sentence):
    with pytest.raises(cd.InputError, match=sentence) as refused:
        read_rule(*typed)
    assert "\n" not in str(refused.value)


def test_strengths_that_do_not_fit_and_one_weight_twice_are_one_sentence():
    with pytest.raises(cd.InputError, match="hidden plasticity must have shape"):
        field_of(asked(hidden="1, -1, 1"))
    with pytest.raises(cd.InputError, match="must be different"):
        field_of(asked(pair=(1, 1)))


def test_what_the_library_warns_of_is_heard():
    _, warned = read_rule("0, 1", "", "transpose", "")
    assert len(warned) == 1
    assert "none flipped" in warned[0]


RULES = {
    "flips": {"readout": "-1, 1, 0.5"},
    "feedback": {"hidden": "0.5", "kind": "typed", "numbers": "1, -1, 0.5"},
}


@pytest.mark.parametrize("given", RULES.values(), ids=RULES)
def test_numbers_are_those_of_the_public_library(given):
    wanted = asked(**given)
    found = measured(wanted)
    field = cd.field(problem_of(SMALL), wanted.rule)
    theta = field.theta.copy()
    theta[[0, 6]] = 0.7, -0.4
    field = field.at(theta)
    plane = np.eye(9)[[0, 6]]
    assert found.share.antisymmetric == pytest.approx(cd.analysis.curl(field).antisymmetric, rel=1e-12)
    assert found.turning.value == pytest.approx(cd.analysis.circulation(field, radius=0.5, plane=plane).value, rel=1e-9)
    for i, j in ((0, 0), (7, 30)):
        theta[[0, 6]] = GRID[i], GRID[j]
        np.testing.assert_allclose(found.flow[:, j, i], field.velocity(theta)[[0, 6]], rtol=1e-12)
        assert found.loss[j, i] == pytest.approx(cd.field(problem_of(SMALL), cd.Plasticity()).loss(theta), rel=1e-12)
    # Around the loop by the trapezoid rule, exact for periodic functions up to rounding.
    assert 0.5 * np.sum(found.along[:-1]) * (ANGLES[1] - ANGLES[0]) == pytest.approx(found.turning.value, abs=1e-9)


def test_the_two_weight_network_turns_as_its_formula_says():
    """F = −m (w1w2 − s) (d1 w2, d2 w1), by hand for one input and one neuron; its curl is m (d1 − d2) (2w1w2 − s)."""
    network = Network(1, 1, "linear", 0)
    problem = problem_of(network)
    m = float((problem.inputs**2).mean())
    s = float(problem.train_outputs().ravel() @ problem.inputs.ravel() / (problem.inputs**2).sum())
    found = measured(Slice(network, cd.Plasticity(readout=1.0), (0, 1), (0.6, 0.9), 0.3))
    # ∂F2/∂w1 − ∂F1/∂w2 over a disc: 2w1w2 has the mean of its centre there.
    expected = (m * (2 * 0.6 * 0.9 - s)) * (1 - -1) * np.pi * 0.3**2
    assert found.turning.value == pytest.approx(expected, rel=1e-9)
    anti = m * (2 * 0.6 * 0.9 - s)
    np.testing.assert_allclose(found.antisymmetric, [[0, -anti], [anti, 0]], rtol=1e-9)
    assert measured(Slice(network, cd.Plasticity(), (0, 1), (0.6, 0.9), 0.3)).turning.verdict == "none"


def test_the_script_prints_the_view_s_numbers(tmp_path, capsys):
    state = RuleState(n_inputs=1, n_hidden=2, hidden="", readout="-1, 1", x=0.5, y=1.0, radius=0.4)
    (tmp_path / "script.py").write_text(script(state))
    runpy.run_path(str(tmp_path / "script.py"))
    rule, _ = read_rule(state.hidden, state.readout, state.feedback, state.numbers)
    found = measured(Slice(state.network, rule, state.pair, (0.5, 1.0), 0.4))
    printed = capsys.readouterr().out
    assert str(found.share) in printed
    assert f"circulation {found.turning.value:.4g}" in printed


def test_a_script_of_nothing_that_can_be_read_runs_nothing():
    assert script(RuleState(hidden="import os")).startswith("#")
