"""Ratios, intervals and labels of the pages on the speed-up are those of the kept results."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from curldescent.paper.beyond import macroscopic_flips
from curldescent.paper.controls import (
    depth,
    digits,
    gradient,
    high_gain,
    high_gain_reach,
    learning_rate,
    norms,
    placement,
    scales,
    summary,
    tuned,
)
from curldescent.paper.machinery import controls, speedup_claims, speedup_t_tests
from curldescent.paper.machinery.effects import MARGIN, Effect, difference_of, ratio_of
from curldescent.paper.machinery.families import holm
from curldescent.paper.machinery.high_gain_runs import GAIN
from curldescent.paper.machinery.speedup_panels import Speedup
from curldescent.paper.published import fig5c_to_f, fig10, fig11
from tests.paper.test_pictures import from_kept

DOCS = Path(__file__).parents[1] / "docs"
results = cache(from_kept)
Recipe = Callable[[], Effect]
PANELS = {
    "5c": fig5c_to_f.SAMPLES_PANEL,
    "5d": fig5c_to_f.STUDENTS,
    "5e": fig5c_to_f.TEACHERS,
    "5f": fig5c_to_f.FLIPPED,
    "10ab": fig10.BY_SAMPLES,
    "11a": fig11.BY_SAMPLES,
    "11b": fig11.BY_STUDENT,
    "11c": fig11.BY_TEACHER,
    "11d": fig11.BY_FLIPS,
}


@cache
def compared(panel: str, part: str, variant: str | None = None) -> dict[float, speedup_claims.Compared]:
    made: Speedup = PANELS[panel]
    return made.compared(results(made.key), part, variant)


class At(NamedTuple):
    """One value of a panel."""

    panel: str
    part: str
    value: float
    variant: str | None = None

    def __call__(self) -> Effect:
        return compared(self.panel, self.part, self.variant)[self.value].effect


def over(panel: str, part: str, least: float, most: float, variant: str | None = None) -> Recipe:
    """Several values of a panel together, each an input set."""

    def effect() -> Effect:
        every = compared(panel, part, variant)
        found = speedup_claims.over(every, [value for value in every if least <= value <= most])
        assert found is not None
        return found[0]

    return effect


def errors_after(part: str, epochs: int) -> Recipe:
    """Errors of figure 5a, b, CD over GD."""

    def effect() -> Effect:
        data = results("fig5ab")["fig5ab"][f"{part}_error"].sel(epoch=epochs, method="nearest")
        return ratio_of(*(data.sel(rule=rule).values.astype(float) for rule in ("CD", "GD")))

    return effect


def cell(student: float, teacher: float) -> Recipe:
    return lambda: scales.cells(results(scales.NAME))[student, teacher].effect


def arms(key: str, of: Callable, first: str, second: str) -> Recipe:
    """Two conditions of a control."""
    return lambda: controls.effect(of(results(key))[first], of(results(key))[second])


def sets(key: str, of: Callable, first: str, second: str) -> Recipe:
    """Two conditions of a control whose students have an input set each."""

    def effect() -> Effect:
        found = of(results(key))
        return ratio_of(found[first].epochs, found[second].epochs, np.arange(len(found[first].epochs)))

    return effect


def rule(first: str, second: str) -> Recipe:
    """Two rules of the six further input sets of `macroscopic-flips`."""

    def effect() -> Effect:
        epochs = results(macroscopic_flips.NAME)[macroscopic_flips.SETS].epochs.clip(min=1)
        a, b = (epochs.sel(rule=name).values for name in (first, second))
        return ratio_of(a, b, np.arange(len(a)))

    return effect


def start(name: str, first: str, second: str) -> Recipe:
    return sets(high_gain.NAME, high_gain.arms(name), first, second)


def reach(name: str, first: str, second: str) -> Recipe:
    return sets(high_gain_reach.NAME, high_gain_reach.arms(name), first, second)


def tuned_rules(experiment: str) -> Recipe:
    return lambda: tuned.best_against_best(results(tuned.NAME), experiment)[0]


def both_at(student: float, rate: float) -> Effect:
    """Both rules at one setting of `control-tuned`."""
    every = tuned.tuned(results(tuned.NAME), tuned.NAME)
    place = list(every["GD"].students).index(student), list(every["GD"].rates).index(rate)
    gd, cd = (every[name].needed[place] for name in ("GD", "CD"))
    return ratio_of(gd.ravel(), cd.ravel(), np.repeat(np.arange(gd.shape[0]), gd.shape[1]))


# Section → what a row says → its ratio.
ROWS: dict[str, dict[str, Recipe]] = {
    "Scales of student and teacher": {
        "student 0.5, teacher 1, up to 5000 epochs (GD 4, CD 4 of 16 not there)": cell(0.5, 1),
        "student 0.7": cell(0.7, 1),
        "student 1": cell(1, 1),
        "student 1.25": cell(1.25, 1),
        "student 1.5": cell(1.5, 1),
        "student 2": cell(2, 1),
        "student 3": cell(3, 1),
        "student 4, up to 5000 epochs (GD 5, CD 1 of 16 not there)": cell(4, 1),
        "student 2, teacher 0.25": cell(2, 0.25),
        "student 2, teacher 1.25": cell(2, 1.25),
        "student 1, teacher 1.25": cell(1, 1.25),
        **{f"student {s}, further input sets": start(f"tanh-{s}", "GD", "CD") for s in (1, 2)},
        "student 4, further input sets (2 of 6 GD not there)": start("tanh-4", "GD", "CD"),
        "student 0.7, 10 000 samples, test error": At("5d", "test", 0.7),
        "student 0.7, 10 000 samples, training error": At("5d", "train", 0.7),
        "student 1, 10 000 samples, test error": At("5d", "test", 1),
        "student 1.5 to 7, 10 000 samples, test error": over("5d", "test", 1.5, 7),
        "student 1.5 to 7, 10 000 samples, training error": over("5d", "train", 1.5, 7),
        "student 7 alone": At("5d", "test", 7),
        "teacher 0.1 to 1, 10 000 samples, test error": over("5e", "test", 0.1, 1),
        "teacher 0.1 to 1, training error": over("5e", "train", 0.1, 1),
        "teacher 1.25, test error (GD 0, CD 1 of 10 not there)": At("5e", "test", 1.25),
        "teacher 1.25, training error": At("5e", "train", 1.25),
        "teacher 1.5, test error, up to 200 000 epochs (GD 2, CD 4 of 10 not there)": At("5e", "test", 1.5),
        "teacher 1.5, training error, up to 200 000 epochs (GD 1, CD 2 of 10 not there)": At("5e", "train", 1.5),
        "teacher 1.75, test error, up to 200 000 epochs (GD 2, CD 0 of 10 not there)": At("5e", "test", 1.75),
        "teacher 1.75, training error, up to 200 000 epochs (GD 0, CD 1 of 10 not there)": At("5e", "train", 1.75),
        "teacher 2, test error, up to 200 000 epochs (GD 0, CD 2 of 10 not there)": At("5e", "test", 2),
        "teacher 2, training error, up to 200 000 epochs (GD 1, CD 2 of 10 not there)": At("5e", "train", 2),
    },
    "Samples": {
        "100 to 260": over("5c", "train", 100, 260),
        **{f"{p}": At("5c", "train", p) for p in fig5c_to_f.SAMPLES if p < 1000},
        "1000 to 2000": over("5c", "train", 1000, 2000),
        "1000 to 2000, test error": over("5c", "test", 1000, 2000),
        "500, other students": arms(gradient.FIGURE.key, gradient.few_arms, "GD", "CD"),
        "2000, other students": arms(gradient.FIGURE.key, gradient.arms, "GD", "CD"),
    },
    "Flipped readout neurons of 10": {
        **{f"{k}, test error": At("5f", "test", k) for k in range(1, 10)},
        "10, test error (no CD gets there)": At("5f", "test", 10),
        **{f"{k}, training error": At("5f", "train", k) for k in range(3, 10)},
        **{f"{k}, further input sets": rule("0 flipped", f"{k} flipped") for k in range(1, 8)},
        **{f"{k}, free norms, test error": At("11d", "test", k) for k in range(1, 11)},
        "2, free norms, training error": At("11d", "train", 2),
        **{f"{k}, linear, free norms, test error": At("11d", "test", k, "linear") for k in (1, 4, 10)},
    },
    "Strength of one readout neuron of 10": {
        "−2": rule("0 flipped", "strength -2"),
        "−2, epochs of a flip over its epochs": rule("1 flipped", "strength -2"),
        "−1, a flip": rule("0 flipped", "1 flipped"),
        "−0.5": rule("0 flipped", "strength -0.5"),
        "0, frozen": rule("0 flipped", "strength 0"),
    },
    "A start without flips": {
        "student 1": start("tanh-1", "GD", "GD" + GAIN),
        "student 2": start("tanh-2", "GD", "GD" + GAIN),
        "student 4 (2 of 6 GD not there)": start("tanh-4", "GD", "GD" + GAIN),
        "student 2, free norms": start("tanh-2-free", "GD", "GD" + GAIN),
        "student 4, free norms (no GD from random weights there at 3000)": reach("tanh-4-free", "GD", "GD" + GAIN),
        "GD/CD, both from there, student 1": start("tanh-1", "GD" + GAIN, "CD" + GAIN),
        "GD/CD, both from there, student 2": start("tanh-2", "GD" + GAIN, "CD" + GAIN),
        "GD/CD, both from there, student 4": start("tanh-4", "GD" + GAIN, "CD" + GAIN),
        "GD/CD, both from there, student 2, free norms": start("tanh-2-free", "GD" + GAIN, "CD" + GAIN),
        "GD/CD, both from there, student 4, free norms": reach("tanh-4-free", "GD" + GAIN, "CD" + GAIN),
        "GD/CD, both from there, linear": reach("linear", "GD" + GAIN, "CD" + GAIN),
        "GD/CD, both from there, linear, free norms": reach("linear-free", "GD" + GAIN, "CD" + GAIN),
        "GD/CD, both from there, relu, also outputs, to 0.01": start("relu-2", "GD" + GAIN, "CD" + GAIN),
        "GD/CD, both from there, digits": arms(high_gain.NAME, high_gain.arms("digits"), "GD" + GAIN, "CD" + GAIN),
    },
    "Placement": {
        "another neuron than the first, mean of nine": arms(
            placement.NAME, placement.pooled, "GD", "CD, another neuron"
        ),
        "the first against another": arms(placement.NAME, placement.pooled, "CD, neuron 1", "CD, another neuron"),
        "three at random places": arms(placement.NAME, placement.pooled, "GD", "CD, random three"),
    },
    "Depth": {
        "flip in the last layer": arms(depth.NAME, depth.arms, "GD", "CD, last layer"),
        "flip in the middle layer": arms(depth.NAME, depth.arms, "GD", "CD, middle layer"),
    },
    "Activation": {
        "linear, norms preserved": reach("linear", "GD", "CD"),
        "linear, free norms": reach("linear-free", "GD", "CD"),
        "linear, free norms, student 4 (1 of 6 GD not there)": reach("linear-4-free", "GD", "CD"),
        "linear, free norms, 1000 to 2000 samples, test error": over("11a", "test", 1000, 2000, "linear"),
        "linear, free norms, 140 to 800 samples, test error": over("11a", "test", 140, 800, "linear"),
        "linear, free norms, 100 samples, test error (GD 5, CD 4 of 10 not there)": At("11a", "test", 100, "linear"),
        "linear, free norms, student 0.01 to 0.3, test error": over("11b", "test", 0.01, 0.3, "linear"),
        **{
            f"linear, free norms, student {s:g}, test error": At("11b", "test", s, "linear")
            for s in (0.5, 0.7, 1, 1.5, 2)
        },
        "linear, free norms, student 3 to 10, test error": over("11b", "test", 3, 10, "linear"),
        "linear, free norms, teacher 0.1 to 1, test error": over("11c", "test", 0.1, 1, "linear"),
        **{
            f"linear, free norms, teacher {t:g}, test error": At("11c", "test", t, "linear")
            for t in (1.25 + 0.25 * step for step in range(12))
        },
        "linear, free norms, teacher 4, training error": At("11c", "train", 4, "linear"),
        "relu, training error, typical ratio": over("10ab", "train", 1000, 2000),
        "relu, also outputs, to a training error of 0.01": start("relu-2", "GD", "CD"),
    },
    "Norms": {
        "free, both rules": arms(norms.NAME, norms.arms, "GD, free norms", "CD, free norms"),
        "free, both rules, 1000 to 2000 samples": over("11a", "train", 1000, 2000),
        "free, the same, test error": over("11a", "test", 1000, 2000),
        "free, further input sets": start("tanh-2-free", "GD", "CD"),
        "free, student 4 (no GD there at 3000)": reach("tanh-4-free", "GD", "CD"),
        **{f"free, student {s:g}, 10 000 samples, test error": At("11b", "test", s) for s in (1, 1.5, 2, 3, 4)},
        **{f"free, teacher {t:g}, 10 000 samples, test error": At("11c", "test", t) for t in (0.1, 0.25, 0.5, 0.75, 1)},
        "GD free, CD preserved": arms(norms.NAME, norms.arms, "GD, free norms", "CD"),
    },
    "Adam": {
        "student 2": reach("adam", "GD", "CD"),
        "student 4 (CD 1 of 6 not there at 200)": reach("adam-4", "GD", "CD"),
        "student 2, both from `cd.high_gain_start`": reach("adam", "GD" + GAIN, "CD" + GAIN),
        "student 4, both from there": reach("adam-4", "GD" + GAIN, "CD" + GAIN),
    },
    "Learning rate and norm budget": {
        "rate tuned for each rule, scale 2": arms(learning_rate.NAME, learning_rate.arms, "GD, best η", "CD, best η"),
        "rate and scale tuned together, chosen on other input sets, samples to 10⁻³": tuned_rules(tuned.NAME),
        "both at scale 0.7, η = 200, best for both (compared after the results were seen)": lambda: both_at(0.7, 200),
        "rate and scale tuned together, epochs to 10⁻⁴": tuned_rules(tuned.STRICT),
    },
    "Digits": {
        **{f"{k} of 30 flipped": arms(digits.NAME, digits.arms, "GD", f"CD, {k} of 30") for k in (1, 3, 9)},
        "1 of 30 flipped, further students": arms(high_gain.NAME, high_gain.arms("digits"), "GD", "CD"),
    },
}


def label(effect: Effect) -> str:
    """The page's rule."""
    side = ["helps"] if effect.faster() else ["hurts"] if effect.slower() else []
    return ", ".join([*side, *([f"equal within {MARGIN:g}"] if effect.equivalent() else [])]) or "undecided"


# Rows without a ratio: what they say, what must stand in them.
PLAIN = {
    "student 0.01 to 0.3: no rule gets there, by their norms",
    "100 to 260, test error",
    "relu, test error, the paper's pooled test",
    "relu, training error, the paper's pooled test",
}
SECTION = re.compile(r"^\| \*\*(.*?)\*\*")


def cells_of(line: str) -> list[str]:
    return [part.strip() for part in line.strip().strip("|").split("|")]


def table() -> dict[tuple[str, str], list[str]]:
    """(section, what a row says) → its other cells, of `where_curl_helps.md`."""
    section, found = "", {}
    for line in (DOCS / "where_curl_helps.md").read_text(encoding="utf-8").splitlines():
        if heading := SECTION.match(line):
            section = heading[1]
        elif section and line.startswith("| "):
            what, *others = cells_of(line)
            assert (section, what) not in found, what
            found[section, what] = others
    return found


def test_every_row_has_its_numbers_from_the_data() -> None:
    rows = {(section, what) for section, some in ROWS.items() for what in some}
    assert {row for row in table() if row[1] not in PLAIN} == rows
    assert {row[1] for row in table()} >= PLAIN


NUMBERS = re.compile(r"\d+(?:\.\d+)?")
BEHIND = re.compile(r"(\d+) (input sets|students)(?: \((\d+) students\))?$")


def printed(said: str, effect: Effect) -> str:
    """A ratio with its interval, each to the decimals that the page gives it."""
    places = [len(number.partition(".")[2]) for number in NUMBERS.findall(said)]
    values = (effect.ratio, *effect.interval)
    return "{} [{}, {}]".format(*(f"{value:.{n}f}" for value, n in zip(values, places, strict=True)))


@pytest.mark.parametrize("section", ROWS)
def test_ratios_and_labels_of_the_table_are_those_of_the_data(section) -> None:
    for what, recipe in ROWS[section].items():
        effect = recipe()
        ratio, behind, verdict, *_ = table()[section, what]
        assert ratio == printed(ratio, effect), what
        n, over, students = BEHIND.fullmatch(behind).groups()
        assert (int(n), over, int(students or n)) == (effect.n, effect.over, effect.students), what
        # What follows the label is a remark, in brackets.
        assert verdict.partition(" (")[0] == label(effect), what


def test_no_loss_of_a_panel_is_left_out() -> None:
    """A value that loses by one error has a row of that error, or one of the other error that says so too."""
    listed = {recipe for some in ROWS.values() for recipe in some.values() if isinstance(recipe, At)}
    other = {"train": "test", "test": "train"}
    for panel in PANELS:
        for variant in (None, "linear") if panel.startswith("11") else (None,):
            for part in other:
                for value, found in compared(panel, part, variant).items():
                    row = At(panel, part, value, variant)
                    twin = row._replace(part=other[part])
                    told = row in listed or (twin in listed and twin().slower())
                    assert told or not found.effect.slower(), row


def test_what_the_map_says() -> None:
    every = scales.cells(results(scales.NAME))
    effects = [made.effect for made in every.values()]
    large = [made.effect for (student, _), made in every.items() if student >= 1.5]
    small = [made.effect for (student, _), made in every.items() if 0.7 <= student <= 1.25]
    assert (len(effects), sum(bool(effect.faster()) for effect in large), len(large)) == (32, 15, 16)
    assert (sum(bool(effect.slower()) for effect in small), len(small)) == (11, 12)
    worst = [1 / effect.ratio for effect in small if effect.slower()]
    assert [f"{100 * (factor - 1):.0f}" for factor in (min(worst), max(worst))] == ["5", "32"]
    hatched = [place for place, made in every.items() if any(made.missed.values())]
    assert hatched == [(0.5, 1), (0.5, 1.25), (0.7, 1.25), (4, 1), (4, 1.25)]
    assert "(hatched, in five cells)" in " ".join((DOCS / "speedup.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("part", ["test", "train"])
def test_the_paper_s_pooled_test_of_relu_students(part) -> None:
    found = compared("10ab", part)
    first, second = (np.concatenate([getattr(made, name) for made in found.values()]) for name in ("first", "second"))
    fewer = difference_of(first, second)
    ends = sorted(abs(end) for end in fewer.interval())
    name = f"relu, {'training' if part == 'train' else 'test'} error, the paper's pooled test"
    said = table()["Activation", name][0].replace(" ", "")
    way = "fewer" if fewer.value > 0 else "more"
    assert said.startswith(f"{abs(fewer.value):.0f}[{ends[0]:.0f},{ends[1]:.0f}]epochs{way}(p=")
    assert speedup_t_tests.pooled_t(found).holds is (way == "fewer")


WINNER = {"wins": "curl descent", "loses": "gradient descent", "undecided": "undecided"}


def test_the_controls_of_the_speed_up_page_are_those_of_the_summary() -> None:
    rows = summary.rows(results("control-summary"))
    adjusted = holm([row.effect.p_value for row in rows])
    text = (DOCS / "speedup.md").read_text(encoding="utf-8")
    found = text.partition("| control | ratio |")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(found) == len(rows)
    for line, row, after in zip(found, rows, adjusted, strict=True):
        _, ratio, p, holm_p, who = (part.replace("*", "") for part in cells_of(line))
        assert ratio == printed(ratio, row.effect), line
        assert [p, holm_p] == [f"{value:.2g}".replace("e-0", "e-") for value in (row.effect.p_value, after)], line
        assert who.startswith(WINNER[row.verdict]), line
    counts = {kind: sum(row.verdict == kind for row in rows) for kind in ("wins", "loses", "undecided", "ties")}
    assert counts == {"wins": 16, "loses": 2, "undecided": 3, "ties": 0}
    assert "16 are won, 2 lost and 3 undecided, none is a tie" in " ".join(text.split())


# Said in sentences alone: what preserved norms cost, the start against curl descent, the claim of figure 5e.
SAID: tuple[Recipe, ...] = (
    *(errors_after(part, epochs) for part in ("train", "test") for epochs in (10_000, 100_000)),
    arms(norms.NAME, norms.arms, "GD", "GD, free norms"),
    start("tanh-2", "CD", "GD" + GAIN),
    over("5e", "test", 1.25, 2),
)
# These are no ratios: shares of trials, and percentage points of accuracy.
NO_RATIOS = {"0.99 [0.91, 1.00]", "0.39 [0.18, 0.60]"}
TRIPLE = re.compile(r"\d+\.\d+ \[\d+\.\d+, \d+\.\d+\]")


@pytest.mark.parametrize("page", ["speedup", "where_curl_helps"])
def test_every_interval_of_a_page_is_one_of_the_data(page) -> None:
    effects = [recipe() for recipe in (*SAID, *(one for some in ROWS.values() for one in some.values()))]
    effects += [made.effect for made in scales.cells(results(scales.NAME)).values()]
    effects += [row.effect for row in summary.rows(results("control-summary"))]
    text = " ".join((DOCS / f"{page}.md").read_text(encoding="utf-8").split())
    unknown = [said for said in TRIPLE.findall(text) if not any(said == printed(said, effect) for effect in effects)]
    assert set(unknown) <= NO_RATIOS
