"""What kept data is known by: neither where a function lives nor what it is called, only what it was given."""

import dataclasses
import inspect
import shutil
from pathlib import Path

import pytest
import xarray as xr

from curldescent.foundation import durable
from curldescent.foundation.errors import InputError
from curldescent.paper import Computation, figure, figures, reproduce
from curldescent.paper.machinery.computation import Split, finish, keep, kept, put_away
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


def lists(number: int, differ: bool) -> xr.Dataset:
    return xr.Dataset({"value": number}, {"at": [0.5 + number * differ]}, {"steps": [0.1], "many": 2**40})


def test_parts_that_were_kept_fit_to_those_that_are_computed(tmp_path):
    """NetCDF keeps a list of one as a number: what goes on from kept parts had died when all was computed."""
    work = Computation(lists, {"sets": 3, "differ": False}, identity="lists", split=Split("sets", "number", "set"))
    one_go = finish(tmp_path, "x", work)
    (tmp_path / "y.parts").mkdir()
    keep(tmp_path / "y.parts", "1", work.parts[1], work.parts[1].compute())
    xr.testing.assert_identical(finish(tmp_path, "y", work), one_go)
    assert one_go["value"].values.tolist() == [0, 1, 2]


def test_parts_that_do_not_fit_together_are_refused(tmp_path):
    work = Computation(lists, {"sets": 3, "differ": True}, identity="lists", split=Split("sets", "number", "set"))
    with pytest.raises(InputError, match="parts of 'lists' do not fit together"):
        finish(tmp_path, "x", work)


@pytest.mark.parametrize("moment", ["between parts", "while one is written"])
def test_what_another_process_has_put_away_is_not_missed(tmp_path, monkeypatch, moment):
    """Both compute in the same folder, and the other one is ready first."""
    write, gone = durable.write, []

    def overtaken(path: Path, data: bytes) -> None:
        if path.name == "1.nc" and moment == "while one is written":
            gone.append(path)
            put_away(tmp_path, "x")
        write(path, data)
        if path.name == "1.nc" and moment == "between parts":
            gone.append(path)
            put_away(tmp_path, "x")

    monkeypatch.setattr(durable, "write", overtaken)
    assert finish(tmp_path, "x", split(3))["value"].values[:, 0].tolist() == [0, 3, 6, 9]
    assert gone
    assert not list(tmp_path.glob("*.parts"))


def test_nothing_is_computed_that_another_process_has_finished(tmp_path):
    work = split(3)

    class Other:
        def say(self, _: str) -> None:
            CALLS.append(-1)
            keep(tmp_path, "x", work, work.compute())

    CALLS.clear()
    assert finish(tmp_path, "x", work, Other())["value"].values[:, 0].tolist() == [0, 3, 6, 9]
    assert CALLS == [0, -1, 0, 1, 2, 3]


def takes_count(number: int, sets: int) -> xr.Dataset:
    return xr.Dataset({"value": number + sets})


@pytest.mark.parametrize(
    ("function", "given", "where", "match"),
    [
        (one_of, {"size": 1, "sets": 2, "number": 7}, Split("sets", "number", "set"), "'number' .* cannot be given"),
        (one_of, {"size": 1, "sets": 2}, Split("sets", "part", "set"), "must have an argument 'part'"),
        (takes_count, {"sets": 2}, Split("sets", "number", "set"), "'sets' is the number of parts"),
        (one_of, {"number": 2, "size": 1}, Split("number", "number", "set"), "'number'"),
        (one_of, {"size": 1, "sets": 2}, Split("sets", "number", 3), "split's dim must be text"),
        (one_of, {"size": 1, "sets": 2}, Split(["sets"], "number", "set"), "split's count must be text"),
    ],
)
def test_a_split_that_cannot_be_is_refused_before_anything_is_computed(function, given, where, match):
    with pytest.raises(InputError, match=match):
        Computation(function, given, identity="one of", split=where)


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


def test_parts_left_over_beside_the_whole_are_deleted(tmp_path):
    """A process was killed between writing the whole and deleting its parts."""
    work = split(3)
    folder = tmp_path / "quick" / "data"
    folder.mkdir(parents=True)
    keep(folder, "x", work, work.compute())
    (folder / "x.parts").mkdir()
    keep(folder / "x.parts", "0", work.parts[0], work.parts[0].compute())
    alone = dataclasses.replace(
        figure("turning-maps"),
        experiments=lambda scale: {"x": work},
        draw=lambda results: draw_nothing(),
        claims=(),
        published=(),
    )
    CALLS.clear()
    reproduce(alone, tmp_path, scale="quick")
    assert CALLS == []
    assert [path.name for path in folder.iterdir()] == ["x.nc"]
