"""What `plan` says, against what is."""

import time

import pytest

import curldescent as cd
from tests.sweeps.conftest import contents, fill, small


def test_the_counts_are_exact():
    sweep = small(
        axes={"n_train": [10, 25], "batch_size": [10, 5]},
        student_teacher={"n_inputs": 4, "n_hidden": 4, "trials": 3},
        training={"epochs": 7},
    )
    cost = cd.sweeps.plan(sweep, calibrate=False)
    # ⌈10/10⌉ + ⌈10/5⌉ + ⌈25/10⌉ + ⌈25/5⌉ updates an epoch
    assert (cost.cells, cost.trials, cost.updates) == (4, 3, (1 + 2 + 3 + 5) * 7 * 3)
    assert not cost.upper_bound
    assert cost.seconds is None


def test_the_disk_is_what_is_used(tmp_path):
    sweep = small(keep={"error_curves": True, "weights": True})
    cost = cd.sweeps.plan(sweep, calibrate=False)
    blocks = sum(-(-len(data) // 4096) * 4096 for data in contents(fill(sweep, tmp_path / "store")).values())
    assert blocks <= cost.disk <= 2.5 * blocks


def test_time_grows_with_the_epochs_and_shrinks_with_the_workers():
    def seconds(epochs, workers):
        sweep = small(training={"epochs": epochs, "batch_size": 10})
        return cd.sweeps.plan(sweep, workers=workers).seconds

    # A thousand times the epochs, to within what a busy machine does to a short measurement.
    assert seconds(10_000_000, 1) > 50 * seconds(10_000, 1)
    assert seconds(10_000_000, 3) < 0.8 * seconds(10_000_000, 1)


def test_a_large_grid_is_judged_by_a_sample():
    axes = {"hidden": cd.sweeps.lin(0, 1, 1000), "seed": list(range(1000))}
    cost = cd.sweeps.plan(small(axes=axes, student_teacher={"n_inputs": 4, "n_hidden": 4}), calibrate=False)
    assert cost.cells == 1_000_000
    assert cost.updates == pytest.approx(1_000_000 * 20 * 25)


def test_stopping_early_makes_it_an_upper_bound():
    assert cd.sweeps.plan(small(training={"epochs": 9, "stop_below": 1e-3}), calibrate=False).upper_bound


def test_time_that_others_take_is_not_counted(monkeypatch):
    """On a busy machine an epoch takes longer on the clock and no longer on the processor: here it waits."""
    from curldescent.sweeps.description import cost

    sweep = small(training={"epochs": 10_000, "batch_size": 10})
    build, waited = cost.engine_for, []

    def busy(*arguments):
        engine = build(*arguments)
        advance = engine.advance

        def slowly(epochs):
            time.sleep(0.05)
            waited.append(0.05)
            advance(epochs)

        engine.advance = slowly
        return engine

    monkeypatch.setattr(cost, "_LONGEST_WAIT", 0.3)
    monkeypatch.setattr(cost, "engine_for", busy)
    found = cd.sweeps.plan(sweep, workers=1).seconds
    assert len(waited) > 6
    # Each advance doubles its epochs: 63 of them wait for 0.3 s, which would count 285 s for 6 × 10 000 epochs.
    assert found < 60
