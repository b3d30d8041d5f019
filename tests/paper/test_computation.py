"""What kept data is known by: neither where a function lives nor what it is called, only what it was given."""

import dataclasses
import inspect
import shutil
from pathlib import Path

import pytest
import xarray as xr

from curldescent.foundation.errors import InputError
from curldescent.paper import Computation, figure, figures, reproduce
from curldescent.paper.machinery.computation import Split, finish, keep, kept
from tests.paper.figures import draw_nothing

# Made by the version before identities, when a fingerprint spelled out the module and the name of the function.
KEPT = {"fig1-hebbian": "fig1", "fig3b-regimes": "fig3b"}
DATA = Path(__file__).parent / "data"
# What is left out of fingerprints: whoever changes one of these raises the version of the computations that omit it.
DEFAULTS = {
    "curldescent.paper.control_loops.arm_by_loop": {"flips": 0, "momentum": 0.0, "noise": "none"},
    "curldescent.paper.fig1.hebbian": {"excitatory": 8, "inhibitory": 2},
    "curldescent.paper.fig1.toy": {"time": 30.0, "points": 600},
    "curldescent.paper.high_gain.compared": {
        "activation": "tanh",
        "student_scale": 2.0,
        "threshold": 0.001,
        "preserve_norms": True,
        "tuned": False,
        "adam": False,
    },
    "curldescent.paper.teachers.teacher_stability": {"normalise_teacher": False},
}


def first(size: int, scale: float = 1.0) -> xr.Dataset:
    return xr.Dataset({"value": size * scale})


def renamed(size: int, scale: float = 1.0, offset: float = 0.0) -> xr.Dataset:
    return xr.Dataset({"value": size * scale + offset})


CALLS: list[int] = []


class STOPPED:
    at = 2


def one_of(number: int, size: int) -> xr.Dataset:
    CALLS.append(number)
    if size < 0 and number == STOPPED.at:
        raise KeyboardInterrupt
    return xr.Dataset(
        {"value": ("trial", [number * abs(size), 1]), "said": ("trial", ["a" * number, "b"])}, {}, {"u": 1}
    )


def split(size: int, sets: int = 4) -> Computation:
    return Computation(one_of, {"size": size, "sets": sets}, identity="one of", split=Split("sets", "number", "set"))


def test_a_split_computation_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    CALLS.clear()
    work = split(-3)
    with pytest.raises(KeyboardInterrupt):
        finish(tmp_path, "x", work)
    assert CALLS == [0, 1, 2]
    assert kept(tmp_path, "x", work) is None
    monkeypatch.setattr(STOPPED, "at", None)
    assert finish(tmp_path, "x", work)["value"].values[:, 0].tolist() == [0, 3, 6, 9]
    assert CALLS == [0, 1, 2, 2, 3]


def test_parts_are_kept_joined_and_put_away(tmp_path):
    CALLS.clear()
    work = split(3)
    for number in (0, 2):
        (tmp_path / "x.parts").mkdir(exist_ok=True)
        keep(tmp_path / "x.parts", str(number), work.parts[number], work.parts[number].compute())
    # Of other arguments, and so not taken.
    keep(tmp_path / "x.parts", "1", split(4).parts[1], split(4).parts[1].compute())
    CALLS.clear()
    data = finish(tmp_path, "x", work)
    assert CALLS == [1, 3]
    assert data["value"].dims == ("set", "trial")
    assert data["value"].values.tolist() == [[0, 1], [3, 1], [6, 1], [9, 1]]
    assert data["said"].values.tolist() == [["", "b"], ["a", "b"], ["aa", "b"], ["aaa", "b"]]
    assert data.attrs == {"u": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["x.nc"]
    again = kept(tmp_path, "x", work)
    xr.testing.assert_equal(again, data)
    xr.testing.assert_identical(data, work.compute())


def test_splitting_changes_no_fingerprint():
    whole = Computation(one_of, {"size": 3, "sets": 4}, identity="one of")
    assert split(3).fingerprint == whole.fingerprint
    assert len({part.fingerprint for part in split(3).parts} | {whole.fingerprint}) == 5


@pytest.mark.parametrize(("given", "match"), [({"sets": 0}, "'sets'"), ({"sets": "4"}, "'sets'"), ({}, "'sets'")])
def test_a_split_needs_a_count(given, match):
    with pytest.raises(InputError, match=match):
        Computation(one_of, given, identity="one of", split=Split("sets", "number", "set"))


def test_renaming_moving_and_a_new_argument_with_a_default_change_no_fingerprint(monkeypatch):
    before = Computation(first, {"size": 3}, identity="product").fingerprint
    assert Computation(renamed, {"size": 3}, identity="product").fingerprint == before
    assert Computation(first, {"size": 3, "scale": 1}, identity="product").fingerprint == before
    monkeypatch.setattr(first, "__module__", "elsewhere")
    assert Computation(first, {"size": 3}, identity="product").fingerprint == before


def test_whatever_is_not_the_default_changes_the_fingerprint():
    base = Computation(renamed, {"size": 3}, identity="product")
    others = [
        dataclasses.replace(base, arguments={"size": 4}),
        dataclasses.replace(base, arguments={"size": 3, "scale": 2.0}),
        dataclasses.replace(base, arguments={"size": 3, "offset": True}),
        dataclasses.replace(base, version=2),
        dataclasses.replace(base, identity="sum"),
    ]
    assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 6


def every_computation():
    return [e for f in figures() for e in f.experiments("quick").values() if isinstance(e, Computation)]


def test_an_identity_is_one_functions():
    pairs = {(c.identity, c.function) for c in every_computation()}
    assert len({identity for identity, _ in pairs}) == len({function for _, function in pairs}) == len(pairs)


def test_the_defaults_behind_kept_data_are_those_it_was_made_with():
    found = {}
    for computation in every_computation():
        parameters = inspect.signature(computation.function).parameters.values()
        # No result depends on who is told how far it is.
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty and p.name != "progress"}
        if defaults:
            found[computation.identity] = defaults
    assert found == {identity: DEFAULTS.get(identity) for identity in found}


@pytest.mark.parametrize("name", KEPT)
def test_data_of_the_version_before_is_taken_and_not_computed(name, tmp_path, monkeypatch):
    (tmp_path / "quick" / "data").mkdir(parents=True)
    shutil.copy(DATA / f"{name}.nc", tmp_path / "quick" / "data")
    whole = figure(KEPT[name])
    experiment = whole.experiments("quick")[name]
    monkeypatch.setattr(Computation, "compute", lambda self, progress=None: pytest.fail("it was computed"))
    alone = dataclasses.replace(
        whole,
        experiments=lambda scale: {name: experiment},
        draw=lambda results: draw_nothing(),
        claims=(),
        published=(),
    )
    reproduce(alone, tmp_path, scale="quick")
    with xr.open_dataset(DATA / f"{name}.nc", engine="scipy") as data:
        xr.testing.assert_identical(kept(tmp_path / "quick" / "data", name, experiment), data.load())
