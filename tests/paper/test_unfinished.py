"""What unfinished experiments have so far: kept, brought to another machine, gone on from, never taken for finished."""

from pathlib import Path

import pytest
import xarray as xr

from curldescent import sweeps
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Silent
from curldescent.paper import Claim, Computation, Figure, Finding, Results, Split, keep_results, reproduce
from curldescent.paper.machinery import computation
from curldescent.sweeps import Sweep
from tests.conftest import compute_cells_here

COMPUTED: list[int] = []


def tenths(part: int) -> xr.Dataset:
    """A part of something."""
    COMPUTED.append(part)
    return xr.Dataset({"tenth": ("n", [part / 10])})


def sweep(epochs: int = 30, hidden: tuple[float, ...] = (0.0, 0.5, 1.0)) -> Sweep:
    students = {"n_inputs": 4, "n_hidden": 3, "n_train": 10, "trials": 2}
    training = {"epochs": epochs, "record": 12}
    return Sweep(axes={"hidden": hidden}, student_teacher=students, training=training, keep={"error_curves": True})


def parts(count: int = 3) -> Computation:
    return Computation(tenths, {"parts": count}, identity="tests.tenths", split=Split("parts", "part", "n"))


def figure(one: Sweep | None = None, other: Computation | None = None) -> Figure:
    one, other = one or sweep(), other or parts()

    def draw(results: Results):
        from matplotlib import pyplot as plt

        return plt.figure()

    def measure(results: Results) -> Finding:
        error = results["slow-sweep"].final_train_error
        return Finding(bool(error.notnull().all()), f"{float(error.sum())!r} {results['slow-parts'].tenth.values}")

    claim = Claim("there", "It is there.", "it is", "it is not", measure)
    return Figure(
        "slow",
        title="Slow",
        about="Slow.",
        origin="beyond",
        experiments=lambda scale: {"slow-sweep": one, "slow-parts": other},
        draw=draw,
        claims=[claim],
    )


class Saying(Silent):
    """Progress that remembers."""

    def __init__(self) -> None:
        self.said = ""

    def say(self, sentence: str) -> None:
        self.said += f"{sentence}\n"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is kept of a run that was stopped before the last cell and the last part."""
    compute_cells_here(monkeypatch)
    monkeypatch.setattr("curldescent.paper.runs.reproduction.figures", lambda: (figure(),))
    data = tmp_path / "stopped" / "quick" / "data"
    sweeps.run(sweep(hidden=(0.0, 0.5)), data / "slow-sweep", workers=1)
    sweeps.Store.prepare(data / "slow-sweep", sweep())
    (data / "slow-parts.parts").mkdir()
    for number, part in enumerate(parts().parts[:2]):
        computation.keep(data / "slow-parts.parts", str(number), part, part.compute())
    for _ in range(2):
        written = keep_results(tmp_path / "stopped", tmp_path / "kept", unfinished=True)
        assert [path.name for path in written] == ["slow-sweep", "slow-parts.parts"]
        assert all(path.is_dir() for path in written)
    COMPUTED.clear()
    return tmp_path / "kept"


def test_another_machine_goes_on_from_them(kept: Path, tmp_path: Path) -> None:
    told = Saying()
    verdict = reproduce(figure(), tmp_path / "else", scale="quick", workers=1, kept=kept, progress=told)
    assert COMPUTED == [2]
    assert "2 of 3 cells of slow-sweep as they were kept" in told.said
    assert "2 of 3 parts of slow-parts as they were kept" in told.said
    anew = reproduce(figure(), tmp_path / "anew", scale="quick", workers=1)
    assert verdict.findings[0][1] == anew.findings[0][1]
    here, there = (sweeps.open(tmp_path / where / "quick" / "data" / "slow-sweep") for where in ("else", "anew"))
    xr.testing.assert_equal(here.load(), there.load())


def test_once_whole_only_the_whole_is_kept(kept: Path, tmp_path: Path) -> None:
    reproduce(figure(), tmp_path / "else", scale="quick", workers=1, kept=kept)
    written = keep_results(tmp_path / "else", kept, unfinished=True)
    assert [path.name for path in written] == ["slow-sweep.nc.gz", "slow-parts.nc.gz"]
    assert not list((kept / "quick" / "unfinished").iterdir())


def test_they_are_kept_only_on_demand(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is finished"):
        keep_results(tmp_path / "stopped", tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "other", [figure(sweep(epochs=31), parts(4)), figure(sweep(hidden=(0.0, 0.25)), parts(4))], ids=["settings", "grid"]
)
def test_others_are_not_taken(kept: Path, tmp_path: Path, other: Figure) -> None:
    told = Saying()
    reproduce(other, tmp_path / "else", scale="quick", workers=1, kept=kept, progress=told)
    assert "cells of slow-sweep as they were kept" not in told.said


def test_a_damaged_one_is_one_sentence(kept: Path, tmp_path: Path) -> None:
    cell = next((kept / "quick" / "unfinished" / "slow-sweep" / "cells").glob("*/*.npz"))
    cell.write_bytes(cell.read_bytes()[:-9])
    with pytest.raises(InputError, match="delete the file to compute the cell again"):
        reproduce(figure(), tmp_path / "else", scale="quick", workers=1, kept=kept)
    cell.unlink()
    part = kept / "quick" / "unfinished" / "slow-parts.parts" / "0.nc"
    part.write_bytes(b"CDF\x01nonsense")
    with pytest.raises(InputError, match="delete it to compute it again"):
        reproduce(figure(), tmp_path / "else", scale="quick", workers=1, kept=kept)
    part.unlink()
    assert reproduce(figure(), tmp_path / "else", scale="quick", workers=1, kept=kept).verdicts == ("confirmed",)
