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
    options = {"test_fraction": 0.25, "standardise_targets": False}
    problem = cd.from_data(FRAME, inputs=["a", "b", "same"], targets="y", n_hidden=3, **options)
    assert problem.inputs.shape == (30, 3)
    assert problem.test_inputs.shape == (10, 3)
    np.testing.assert_allclose(problem.inputs[:, :2].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(problem.inputs[:, :2].std(axis=0), 1, rtol=1e-12)
    assert (problem.inputs[:, 2] == 0).all()
    assert np.abs(problem.test_inputs[:, :2].mean(axis=0)).max() > 1e-3
    assert set(np.r_[problem.targets[:, 0], problem.test_targets[:, 0]]) == set(FRAME.y)


def test_without_standardisation_or_test_samples_the_data_come_through():
    options = {"standardise": False, "standardise_targets": False, "test_fraction": 0}
    problem = cd.from_data(FRAME, inputs=["b", "a"], targets=["y", "c"], n_hidden=3, **options)
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
        ("a,y\n1,2\nx,3\n2,3\n", "column 'a' must be numeric, got 'x' in row 2"),
        ("a,y\n1,2\n,3\n", "column 'a' must be finite and complete, got a missing value in row 2"),
        ("a,y\n1,2\ninf,3\n", "an infinite value in row 2"),
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


HOLES = {
    "a": [1.0, np.nan, 3.0, 4.0, 9.0, 2.0, 2.5, np.nan, 7.0, 1.0],
    "kind": ["u", "v", None, "u", "v", "v", "u", "v", "u", "u"],
    "y": [0.5, 0.1, 0.2, -0.3, np.nan, 0.6, -0.7, 0.4, -0.9, 0.0],
}


def test_rows_that_miss_something_are_dropped_and_counted():
    problem = cd.from_data(HOLES, n_hidden=2, missing="drop", test_fraction=0, standardise=False)
    complete = pd.DataFrame(HOLES).dropna()
    order = [problem.targets[:, 0].tolist().index(y) for y in complete.y]
    np.testing.assert_array_equal(problem.inputs[order, 0], complete.a)
    np.testing.assert_array_equal(problem.inputs[order, 1:], pd.get_dummies(complete.kind))
    assert "4 of 10 rows are left out because something is missing ('y' 1, 'a' 2, 'kind' 1)" in problem.data.notes
    with pytest.raises(cd.InputError, match="leaves no row"):
        cd.from_data({"a": [1.0, np.nan], "y": [np.nan, 1.0]}, n_hidden=2, missing="drop")


def test_missing_inputs_become_the_mean_of_the_training_samples():
    problem = cd.from_data(HOLES, n_hidden=2, missing="impute", test_fraction=0.3, standardise=False, seed=4)
    known = pd.DataFrame(HOLES).dropna(subset="y").reset_index(drop=True)
    train = [known.y.tolist().index(y) for y in problem.targets[:, 0]]
    test = [known.y.tolist().index(y) for y in problem.test_targets[:, 0]]
    assert len(train) + len(test) == 9
    mean = known.a[train].mean()
    shares = known.kind[train].value_counts(normalize=True).sort_index()
    for rows, inputs in ((train, problem.inputs), (test, problem.test_inputs)):
        np.testing.assert_allclose(inputs[:, 0], known.a[rows].fillna(mean), rtol=1e-15)
        by_hand = [
            shares if kind is None else shares.index == kind for kind in known.kind[rows].replace({np.nan: None})
        ]
        np.testing.assert_allclose(inputs[:, 1:], np.array(by_hand, dtype=float), rtol=1e-15)
    assert any(
        "replaced by their mean over the training samples (rows: 'a' 2, 'kind' 1)" in n for n in problem.data.notes
    )
    assert any("1 of 9 rows" in n or "1 of 10 rows" in n for n in problem.data.notes)


def test_what_no_training_sample_has_cannot_be_imputed():
    table = {"a": [np.nan] * 9 + [1.0], "b": np.arange(10.0) ** 2, "y": np.arange(10.0)}
    refused = 0
    for seed in range(30):  # in a fifth of them the one value is in the test samples
        try:
            cd.from_data(table, n_hidden=2, missing="impute", seed=seed)
        except cd.InputError as refusal:
            refused += "input 'a' is missing in every training sample" in str(refusal)
    assert 0 < refused < 15


def test_text_is_one_input_a_class_and_names_what_it_is():
    problem = cd.from_data(FRAME, targets="y", n_hidden=2, standardise=False, test_fraction=0)
    assert problem.data.input_names == ("a", "b", "c", "kind=cat", "kind=dog", "same")
    assert "one input for each class of column 'kind': 'cat', 'dog'" in problem.data.notes
    assert "(6 numbers)" in problem.data.lines()[0]
    assert problem.inputs[:, 3].sum() == (FRAME.kind == "cat").sum()
    np.testing.assert_array_equal(problem.inputs[:, 3] + problem.inputs[:, 4], 1)


def test_classes_are_learned_with_the_cross_entropy_unless_said_otherwise():
    problem = cd.from_data(FRAME, n_hidden=2, exclude="same")
    assert problem.data.targets == ("kind",)
    assert "no target was named: the last column, 'kind', is taken" in problem.data.notes
    assert (str(problem.output_activation), str(problem.loss)) == ("softmax", "cross_entropy")
    assert problem.data.left_out == {"'same'": "excluded"}
    for options, expected in (
        ({"output_activation": "sigmoid"}, ("sigmoid", "squared")),
        ({"loss": "squared"}, ("linear", "squared")),
        ({"loss": "cross_entropy", "output_activation": "sigmoid"}, ("sigmoid", "cross_entropy")),
    ):
        other = cd.from_data(FRAME, n_hidden=2, exclude="same", **options)
        assert (str(other.output_activation), str(other.loss)) == expected
    truth = cd.from_data({"x": RNG.normal(size=9), "y": RNG.normal(size=9) > 0}, n_hidden=2)
    assert truth.data.target_names == ("False", "True")
    digits = {"x": RNG.normal(size=40), "y": np.arange(40) % 3}
    numbers = cd.from_data(digits, n_hidden=2)
    assert not numbers.data.classes
    assert "target 'y' has 3 different whole numbers, learned as numbers; one_hot makes classes of them" in (
        numbers.data.notes
    )
    assert cd.from_data(digits, n_hidden=2, one_hot=True).data.classes


def test_targets_are_standardised_where_their_scale_asks_for_it():
    x = RNG.normal(size=60)
    for scale, shift, asked in ((1.0, 0.0, False), (5.0, 0.0, True), (0.1, 0.0, True), (1.0, 2.0, True)):
        y = np.sign(RNG.normal(size=60)) * scale + shift
        y[0] += 0.01  # no whole numbers
        problem = cd.from_data({"x": x, "y": y}, n_hidden=2, test_fraction=0)
        assert (problem.data.target_scaling is not None) == asked, (scale, shift)
        assert any("targets are standardised ('y': mean" in note for note in problem.data.notes) == asked
        if asked:
            np.testing.assert_allclose([problem.targets.mean(), problem.targets.std()], [0, 1], atol=1e-12)
            np.testing.assert_allclose(np.sort(problem.data.target_scaling.undo(problem.targets)[:, 0]), np.sort(y))
    bounded = cd.from_data({"x": x, "y": 20 + x}, n_hidden=2, output_activation="tanh")
    assert bounded.data.target_scaling is None
    assert any("beyond what tanh outputs do" in note for note in bounded.data.notes)


def test_columns_are_left_out_and_kept_on_request():
    table = {"id": np.arange(12), "x": RNG.normal(size=12), "z": RNG.normal(size=12), "y": RNG.normal(size=12)}
    assert cd.from_data(table, n_hidden=2).data.inputs == ("x", "z")
    assert cd.from_data(table, n_hidden=2, keep="id").data.inputs == ("id", "x", "z")
    assert cd.from_data(table, n_hidden=2, inputs=["id", "z"]).data.inputs == ("id", "z")
    left = cd.from_data(table, n_hidden=2, exclude=["z", "y"])
    assert (left.data.inputs, left.data.targets) == (("id",), ("x",))  # time alone is meant
    assert left.data.left_out == {"'z'": "excluded", "'y'": "excluded"}


def test_marks_of_missing_values_and_decimal_commas_on_request(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x;y\n1,5;0,5\n?;0,25\n2,25;-1\n0,5;0,5\n")
    problem = cd.from_data(path, n_hidden=2, missing="drop", missing_marks="?", test_fraction=0, standardise=False)
    assert sorted(problem.inputs[:, 0]) == [0.5, 1.5, 2.25]
    path.write_text('x,y\n"1,234","0,5"\n"2,345","1,5"\n')
    problem = cd.from_data(path, n_hidden=2, decimal=",", test_fraction=0, standardise=False)
    assert sorted(problem.inputs[:, 0]) == [1.234, 2.345]
