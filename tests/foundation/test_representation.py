import re
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation import representation


class Balance(HTMLParser):
    """Refuses tags that are not closed, and anything that could run or load."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        assert tag != "script"
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def checked(html):
    parser = Balance()
    parser.feed(html)
    assert not parser.open
    return html


@pytest.fixture(scope="module")
def problem():
    return cd.student_teacher(n_inputs=6, n_hidden=24, n_train=80, trials=2)


def test_a_problem_shows_sizes_and_samples(problem):
    html = checked(problem._repr_html_())
    for piece in ("M = 6 inputs", "N = 24 hidden", "c = M/N = 0.25", "P = 80", "100 for testing", "24 hidden neurons"):
        assert piece in html


def test_a_plasticity_says_what_it_does():
    strengths = np.ones(10)
    strengths[:2], strengths[2] = -0.5, 0.0
    html = checked(cd.Plasticity(hidden=0.25, readout=strengths, feedback="random")._repr_html_())
    assert "0.25 of the inputs flipped, rounded down" in html
    assert "2 of 10 hidden neurons flipped, 1 frozen, 2 graded, mean strength 0.6" in html
    assert "sampled per trial" in html
    assert "backpropagation" in checked(cd.Plasticity()._repr_html_())


@pytest.mark.parametrize(("hidden", "verdict"), [(0.0, "stable"), (0.9, "unstable")])
def test_a_spectrum_shows_its_verdict_and_draws_its_density(hidden, verdict):
    law = cd.theory.Spectrum(0.5, hidden=hidden)
    html = checked(law._repr_html_())
    assert f">{verdict}</span>" in html
    assert f"{law.lambda_min:.4g}" in html
    points = re.search(r'points="([^"]*)"', html)[1].split()
    assert len(points) == 302
    heights = np.array([float(point.split(",")[1]) for point in points])
    assert heights.min() == pytest.approx(6.0, abs=0.1)
    assert heights.max() == 62.0


def test_a_spectrum_of_atoms_alone_has_no_curve():
    law = cd.theory.Spectrum(2.0, readout={0.0: 1.0})
    assert len(law.edges) == 0
    assert "<svg" not in checked(law._repr_html_())


def test_a_verdict_is_short_at_a_prompt_and_a_table_in_a_notebook(problem):
    found = cd.analysis.stability(problem.starting_at_teacher(), cd.Plasticity(readout=0.8))
    one = found[0]
    assert repr(one).startswith("Stability(verdict='unstable', lambda_min=")
    assert f"eigenvalues=<float64 {len(one.eigenvalues)}>" in repr(one)
    assert len(repr(one)) < 500
    assert ">unstable</span>" in checked(one._repr_html_())
    assert f"{one.margin:+.3g}" in one._repr_html_()
    assert repr(found) == "Trials(2 unstable)"
    assert checked(found._repr_html_()).count("<tr>") == 3


def test_text_is_escaped():
    html = checked(representation.html_table("<b>", [("<script>", "a & b")], note="<i>", colour='red"><script>'))
    assert "<script" not in html.replace("&lt;script", "")
    assert "a &amp; b" in html
    assert "&lt;x" in checked(representation.html_columns("t", ["a"], [["<x"]]))
    named = cd.theory.Spectrum(0.5, hidden={-1.0: 0.5, 1.0: 0.5})
    checked(named._repr_html_())


def test_a_line_for_results_that_hold_arrays():
    @dataclass(repr=False)
    class Result(representation.Summarised):
        short: np.ndarray
        long: np.ndarray
        number: float
        names: tuple

        def __str__(self):
            return "a result"

    result = Result(np.array([1.0, 2.0]), np.zeros((30, 2)), 1 / 3, tuple(range(10)))
    assert repr(result) == "Result(short=[1, 2], long=<float64 30×2>, number=0.3333, names=<tuple of 10>)"


def test_every_public_result_is_short(problem):
    law = cd.theory.Spectrum(0.5, hidden=0.3)
    dynamics = cd.analysis.learning_dynamics(problem, cd.Plasticity())
    network = cd.field(problem, cd.Plasticity(readout=0.25))
    results = [
        cd.theory.stability_probability(law, 10, samples=50),
        cd.theory.finite_size_scaling(law, (5, 10, 20), samples=10),
        cd.theory.linear_stability(np.ones((30, 20)), np.ones((1, 30))),
        dynamics,
        cd.analysis.curl(network),
        cd.analysis.flip_margins(network),
        cd.analysis.jacobian_spectrum(network),
        cd.analysis.lyapunov_exponents(lambda x, a: a * x, np.ones(2), args=np.array([1.0, 0.5]), time=200),
    ]
    for result in results:
        assert len(repr(result)) < 600, type(result)
        assert "\n" not in repr(result)


def test_a_history_says_what_its_variables_are(problem):
    history = cd.train(problem, [cd.Plasticity(), cd.Plasticity(hidden=0.5)], epochs=3, record_weights=True)
    for name, variable in history.variables.items():
        assert variable.attrs.get("long_name"), name
    assert history.epoch.attrs["units"] == "epochs"
    html = history._repr_html_()
    assert "finished epochs" in html
    assert "learning rule" in html
