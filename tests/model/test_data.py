import numpy as np
import pandas as pd
import pytest

import curldescent as cd

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.normal(3, 2, (40, 4)), columns=["a", "b", "c", "y"]).assign(
    kind=np.where(np.arange(40) % 3, "cat", "dog"), same=7.0
)


@pytest.fixture(params=["csv", "npz", "parquet", "frame", "mapping"])
def source(request, tmp_path):
    numeric = FRAME.drop(columns="kind")
    path = tmp_path / f"table.{request.param}"
    if request.param == "csv":
        numeric.to_csv(path, index=False, float_format="%.17g")
    elif request.param == "npz":
        np.savez(path, **{name: numeric[name].to_numpy() for name in numeric})
    elif request.param == "parquet":
        pytest.importorskip("pyarrow")
        numeric.to_parquet(path)
    elif request.param == "frame":
        return numeric
    else:
        return {name: numeric[name].to_numpy() for name in numeric}
    return path


def test_every_source_gives_the_same_problem(source):
    got = cd.from_data(source, targets="y", n_hidden=3, trials=2, seed=1)
    want = cd.from_data(FRAME.drop(columns="kind"), targets="y", n_hidden=3, trials=2, seed=1)
    for name in ("inputs", "targets", "test_inputs", "test_targets"):
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name))
    np.testing.assert_array_equal(got.student.hidden, want.student.hidden)


def test_split_and_standardisation_use_the_training_samples_only():
    problem = cd.from_data(FRAME, inputs=["a", "b", "same"], targets="y", n_hidden=3, test_fraction=0.25)
    assert problem.inputs.shape == (30, 3)
    assert problem.test_inputs.shape == (10, 3)
    np.testing.assert_allclose(problem.inputs[:, :2].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(problem.inputs[:, :2].std(axis=0), 1, rtol=1e-12)
    assert (problem.inputs[:, 2] == 0).all()
    assert np.abs(problem.test_inputs[:, :2].mean(axis=0)).max() > 1e-3
    assert set(np.r_[problem.targets[:, 0], problem.test_targets[:, 0]]) == set(FRAME.y)


def test_without_standardisation_or_test_samples_the_data_come_through():
    problem = cd.from_data(FRAME, inputs=["b", "a"], targets=["y", "c"], n_hidden=3, standardise=False, test_fraction=0)
    order = np.argsort(problem.inputs[:, 0])
    want = FRAME.sort_values("b")
    np.testing.assert_array_equal(problem.inputs[order], want[["b", "a"]])
    np.testing.assert_array_equal(problem.targets[order], want[["y", "c"]])
    assert problem.test_inputs is None


def test_class_labels_become_one_output_each():
    problem = cd.from_data(FRAME, inputs="a", targets="kind", one_hot=True, n_hidden=3, test_fraction=0)
    assert problem.targets.shape == (40, 2)
    assert problem.targets.sum(axis=0).tolist() == [(FRAME.kind == "cat").sum(), (FRAME.kind == "dog").sum()]


def test_targets_can_be_standardised():
    problem = cd.from_data(FRAME, inputs="a", targets="y", n_hidden=3, standardise_targets=True)
    np.testing.assert_allclose([problem.targets.mean(), problem.targets.std()], [0, 1], atol=1e-12)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,y\n1,2\nx,3\n", "column 'a' must be numeric, got 'x' in row 2"),
        ("a,y\n1,2\n,3\n", "column 'a' must be finite and complete, got a missing or infinite value in row 2"),
        ("a,y\n1,2\ninf,3\n", "infinite value in row 2"),
        ("", "cannot be read as CSV"),
        ('a,y\n1,"2\n', "cannot be read as CSV"),
    ],
)
def test_unusable_csv_is_refused_with_the_place(text, sentence, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(cd.InputError, match=sentence):
        cd.from_data(path, targets="y", n_hidden=2)


def test_pickles_inside_npz_are_not_opened(tmp_path):
    path = tmp_path / "trap.npz"
    np.savez(path, y=np.array([{"a": 1}], dtype=object), a=np.ones(1))
    with pytest.raises(cd.InputError, match="cannot be read as NPZ"):
        cd.from_data(path, targets="y", n_hidden=2)


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_foreign_bytes_are_refused(suffix, tmp_path):
    path = tmp_path / f"noise.{suffix}"
    path.write_bytes(b"not a table")
    with pytest.raises(cd.InputError, match=f"(?i)cannot be read as {suffix}"):
        cd.from_data(path, targets="y", n_hidden=2)


def test_digits_are_64_pixels_and_ten_classes():
    pytest.importorskip("sklearn")
    problem = cd.from_data("digits", n_hidden=5)
    assert problem.inputs.shape == (1438, 64)
    assert problem.test_targets.shape == (359, 10)
    assert (problem.targets.sum(axis=1) == 1).all()
