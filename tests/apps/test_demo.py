"""The tour, shortened where its length does not matter, and its claims at full length (slow)."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from curldescent.apps.demo import boundary, run_demo, speedup, tour, two_weights
from curldescent.apps.demo.options import TourOptions
from curldescent.foundation import optional
from curldescent.foundation.errors import InputError
from curldescent.plots.report import Section

pytest.importorskip("sklearn")


def test_the_short_tour_writes_every_file(tmp_path):
    sections = run_demo(tmp_path / "deep" / "demo", options=TourOptions(shown=False, share=0.003))
    names = {section.name for section in sections}
    written = {path.name for path in (tmp_path / "deep" / "demo").iterdir()}
    assert names == {"toy", "boundary", "speedup", "digits"}
    assert written == {"report.html", "numbers.json", *(f"{n}.{kind}" for n in names for kind in ("png", "pdf"))}
    numbers = json.loads((tmp_path / "deep" / "demo" / "numbers.json").read_text())
    assert len(numbers["speedup"]["epochs"]["GD"]) == speedup.TRIALS
    # Far too few epochs to get anywhere: what was not reached must not be claimed.
    assert not any(numbers["speedup"]["reached"]["CD"])


def test_the_two_weight_network_keeps_its_invariants():
    numbers = two_weights.run(TourOptions(shown=False)).numbers
    assert numbers["GD"]["invariant_drift"] < 1e-6
    assert numbers["CD, w2 flipped"]["invariant_drift"] < 1e-6
    assert max(numbers["GD"]["final_loss"]) < 1e-6
    assert max(numbers["CD, w2 flipped"]["final_loss"]) > 0.1


@pytest.mark.slow
def test_students_do_what_the_boundary_predicts():
    for setting in boundary.run(TourOptions(shown=False)).numbers["settings"]:
        agree = setting["seen_stable"] == setting["predicted_stable"]
        # The settings lie a factor of two and more from the boundary; at 220 neurons a single student may still err.
        assert agree.sum() >= boundary.TRIALS - 1


@pytest.mark.slow
def test_curl_is_faster_for_the_tanh_student():
    numbers = speedup.run(TourOptions(shown=False)).numbers
    assert all(numbers["reached"]["GD"])
    assert all(numbers["reached"]["CD"])
    # Under "no difference" 9 or 10 of 10 pairs in CD's favour have probability 1.1 %.
    assert numbers["cd_first"] >= 9


def test_without_scikit_learn_the_other_parts_are_shown_and_the_lack_is_said_first(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    said_before = []

    class Part:
        __name__ = "toy"

        @staticmethod
        def run(options):
            said_before.append(capsys.readouterr().err)
            return Section("toy", "Toy", "text", numbers={"a": 1})

    monkeypatch.setattr(tour, "PARTS", (Part, tour.digits))
    sections = run_demo(tmp_path / "demo")
    sentence = "the part about digits is left out: it needs scikit-learn: pip install 'curldescent[data]'"
    assert said_before == [f"curldescent: {sentence}\n"]
    assert [section.name for section in sections] == ["toy"]
    assert json.loads((tmp_path / "demo" / "numbers.json").read_text())["environment"]["left out"] == sentence
    # The tour is whole as far as it can be here: it replaces an earlier one.
    run_demo(tmp_path / "demo")
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_what_is_optional_is_looked_for_without_importing_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "panel", None)
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(InputError, match=re.escape("a page needs Panel and Bokeh: pip install 'curldescent[explore]'")):
        optional.require("optax", "panel", "bokeh", purpose="a page")
    assert optional.lacking("optax") == []


def test_every_extra_is_one_of_the_packages():
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for package, extra in optional.PACKAGES.values():
        installed = {"PyTorch": "torch", "Dask": "distributed"}.get(package, package.lower())
        assert any(re.match(rf"{installed}\b", wanted) for wanted in extras[extra]), package
