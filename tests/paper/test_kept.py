"""Kept results: read back as they were, taken in place of a run, and only for what made them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from curldescent import sweeps
from curldescent.foundation.errors import InputError
from curldescent.paper import Claim, Computation, Figure, Finding, Results, keep_results, reproduce
from curldescent.paper.machinery import shorter
from curldescent.paper.runs import kept
from tests.conftest import compute_cells_here

STUDENTS = {"n_inputs": 4, "n_hidden": 3, "n_train": 10, "trials": 2}


def squares(count: int) -> xr.Dataset:
    """Something that is no sweep."""
    return xr.Dataset({"square": ("n", np.arange(count) ** 2)})


def tiny(epochs: int = 30, hidden: tuple[float, ...] = (0.0, 0.5), count: int = 3) -> Figure:
    def experiments(scale: str) -> dict[str, sweeps.Sweep | Computation]:
        training = {"epochs": epochs, "record": 12}
        sweep = sweeps.Sweep(
            axes={"hidden": hidden}, student_teacher=STUDENTS, training=training, keep={"error_curves": True}
        )
        return {"kept-sweep": sweep, "kept-squares": Computation(squares, {"count": count}, identity="tests.squares")}

    def draw(results: Results):
        from matplotlib import pyplot as plt

        return plt.figure()

    def measure(results: Results) -> Finding:
        return Finding(bool(results["kept-sweep"].final_train_error.notnull().all()), "it was there")

    claim = Claim("there", "It is there.", "it is", "it is not", measure)
    return Figure(
        "kept-tiny", title="Tiny", about="Tiny.", origin="beyond", experiments=experiments, draw=draw, claims=[claim]
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    out, store = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("curldescent.paper.runs.reproduction.figures", lambda: (tiny(),))
        compute_cells_here(patch)
        reproduce(tiny(), out, scale="quick", workers=1)
        written = keep_results(out, store)
    assert [path.name for path in written] == ["kept-sweep.nc.gz", "kept-squares.nc.gz"]
    return out, store


def test_what_was_kept_is_what_was_computed(folders: tuple[Path, Path]) -> None:
    out, store = folders
    was = sweeps.open(out / "quick" / "data" / "kept-sweep").load()
    found = kept.find(store / "quick", "kept-sweep", tiny().at("quick")["kept-sweep"])
    assert found is not None
    np.testing.assert_array_equal(found.final_train_error, was.final_train_error)
    np.testing.assert_array_equal(found.diverged_at, was.diverged_at)
    assert found.attrs["settings"] == was.attrs["settings"]
    # Curves at few epochs, the last among them, to single precision: 24 bits.
    assert 0 < found.sizes["epoch"] < was.sizes["epoch"]
    np.testing.assert_allclose(found.train_error, was.train_error.sel(epoch=found.epoch), rtol=2**-24)
    assert found.epoch[-1] == was.epoch[-1]


def test_curves_that_are_needed_are_kept_whole(folders: tuple[Path, Path], tmp_path: Path) -> None:
    was = sweeps.open(folders[0] / "quick" / "data" / "kept-sweep").load()
    sweep = tiny().at("quick")["kept-sweep"]
    # Kept without: of no use to a figure that needs them.
    assert kept.find(folders[1] / "quick", "kept-sweep", sweep, curves=True) is None
    kept.keep(tmp_path, "kept-sweep", was.assign_attrs(axes=kept.axes_of(sweep)), curves=True)
    found = kept.find(tmp_path, "kept-sweep", sweep, curves=True)
    assert found is not None
    np.testing.assert_array_equal(found.epoch, was.epoch)
    np.testing.assert_allclose(found.train_error, was.train_error, rtol=2**-24)


def test_nothing_kept_is_computed_again(folders: tuple[Path, Path], tmp_path: Path, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("curldescent.sweeps.run", refuse)
    monkeypatch.setattr("curldescent.paper.machinery.computation.Computation.compute", refuse)
    verdict = reproduce(tiny(), tmp_path, scale="quick", workers=1, kept=folders[1])
    assert verdict.verdicts == ("confirmed",)
    assert not list((tmp_path / "quick" / "data").iterdir())


@pytest.mark.parametrize("other", [{"epochs": 31}, {"hidden": (0.0, 0.25)}, {"hidden": (0.0,)}])
def test_other_settings_and_grids_are_not_taken(folders: tuple[Path, Path], other: dict) -> None:
    assert kept.find(folders[1] / "quick", "kept-sweep", tiny(**other).at("quick")["kept-sweep"]) is None


def test_other_arguments_are_not_taken(folders: tuple[Path, Path]) -> None:
    assert kept.find(folders[1] / "quick", "kept-squares", tiny(count=4).at("quick")["kept-squares"]) is None
    assert kept.find(folders[1] / "quick", "kept-squares", tiny().at("quick")["kept-squares"]) is not None


def test_the_same_results_are_the_same_bytes(folders: tuple[Path, Path], tmp_path: Path) -> None:
    out, store = folders
    data = sweeps.open(out / "quick" / "data" / "kept-sweep")
    sweep = tiny().at("quick")["kept-sweep"]
    assert isinstance(sweep, sweeps.Sweep)
    data = data.assign_attrs(axes=kept.axes_of(sweep))
    again = kept.keep(tmp_path, "kept-sweep", data)
    assert again.read_bytes() == (store / "quick" / "kept-sweep.nc.gz").read_bytes()


@pytest.mark.parametrize("content", [b"", b"not gzip", b"\x1f\x8b\x08\x00broken"])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    kept.path_of(tmp_path, "kept-sweep").write_bytes(content)
    with pytest.raises(InputError, match=r"cannot be read .* delete it to compute it again"):
        kept.find(tmp_path, "kept-sweep", tiny().at("quick")["kept-sweep"])


@pytest.mark.usefixtures("in_this_process")
def found_or_refused(folder: Path, experiment: sweeps.Sweep | Computation) -> xr.Dataset | str | None:
    try:
        return kept.find(folder, "kept-sweep", experiment)
    except InputError as fault:
        return str(fault)


def test_any_damaged_byte_is_one_sentence_or_harmless(folders: tuple[Path, Path], tmp_path: Path) -> None:
    content = (folders[1] / "quick" / "kept-sweep.nc.gz").read_bytes()
    sweep = tiny().at("quick")["kept-sweep"]
    whole = kept.find(folders[1] / "quick", "kept-sweep", sweep)
    path = kept.path_of(tmp_path, "kept-sweep")
    refused = 0
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
        found = found_or_refused(tmp_path, sweep)
        if isinstance(found, str):
            assert "delete it to compute it again" in found
            refused += 1
        else:
            # A byte of the archive's own header, which says nothing about what is in it.
            xr.testing.assert_identical(found, whole)
    assert refused > 0.9 * len(range(0, len(content), 7))


@pytest.mark.parametrize("what", ["nothing", "file", "scale"])
def test_a_folder_that_is_none_of_kept_results_is_refused(
    folders: tuple[Path, Path], tmp_path: Path, what: str
) -> None:
    """Not taken for one in which nothing is kept: that would compute everything."""
    (tmp_path / "file").write_text("")
    named = {"nothing": tmp_path / "nothing", "file": tmp_path / "file", "scale": folders[1] / "quick"}[what]
    with pytest.raises(InputError, match="kept must be a folder that keep_results wrote"):
        reproduce(tiny(), tmp_path / "out", scale="quick", kept=named)
    assert not (tmp_path / "out").exists()


def test_the_largest_error_so_far_survives_though_most_epochs_do_not(tmp_path: Path) -> None:
    """Errors that rise and fall between the epochs that are kept."""
    training = {"epochs": 2000, "record": 60, "learning_rate": 0.5}
    sweep = sweeps.Sweep(
        axes={"hidden": (0.0, 1.0)},
        student_teacher=STUDENTS,
        training=training,
        keep={"error_curves": True, "maximum_error": True},
    )
    sweeps.run(sweep, tmp_path / "store", workers=1)
    whole = sweeps.open(tmp_path / "store").load().assign_attrs(axes=kept.axes_of(sweep))
    kept.keep(tmp_path, "rising", whole)
    found = kept.find(tmp_path, "rising", sweep)
    assert found is not None
    assert found.sizes["epoch"] < whole.sizes["epoch"]
    earlier = [shorter.until(Results("paper", {"rising": data}), 1000)["rising"] for data in (whole, found)]
    for part in ("train", "test"):
        name = f"maximum_{part}_error"
        np.testing.assert_allclose(earlier[1][name], earlier[0][name], rtol=2**-24)
        # Not what the few epochs alone would say.
        assert (found[f"{part}_error"].max("epoch", skipna=False) < (1 - 1e-6) * whole[name]).any()


def test_an_unfinished_sweep_is_not_kept(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("curldescent.paper.runs.reproduction.figures", lambda: (tiny(),))
    with pytest.raises(InputError, match="nothing is finished"):
        keep_results(tmp_path, tmp_path / "kept")
    larger = tiny(hidden=(0.0, 0.5, 1.0))
    sweep = tiny().at("quick")["kept-sweep"]
    assert isinstance(sweep, sweeps.Sweep)
    sweeps.run(sweep, tmp_path / "quick" / "data" / "kept-sweep", workers=1)
    monkeypatch.setattr("curldescent.paper.runs.reproduction.figures", lambda: (larger,))
    with pytest.raises(InputError, match="nothing is finished"):
        keep_results(tmp_path, tmp_path / "kept")


def test_every_committed_file_is_taken_by_its_figure() -> None:
    """What stays with the project is of the experiments that are there today: a change of one shows here."""
    from curldescent.paper import figures

    root = Path(__file__).parents[2] / "docs" / "reproduction" / "data"
    files = {(path.parent.name, path.name.removesuffix(".nc.gz")) for path in root.glob("*/*.nc.gz")}
    taken = set()
    for figure in figures():
        for scale in {scale for scale, _ in files}:
            for name, experiment in figure.at(scale).items():
                if (scale, name) in files and kept.find(
                    root / scale, name, experiment, curves=figure.curves
                ) is not None:
                    taken.add((scale, name))
    assert files
    assert taken == files
