"""500 grid files that nobody would write, and some that somebody would: a sweep or one sentence, never a traceback."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import curldescent as cd
from curldescent.sweeps.description.parameter_sections import parameters

_NAMES = sorted({name for section in ("student_teacher", "start", "rule", "training") for name in parameters(section)})
_KEEP = [*cd.sweeps.Keep.__dataclass_fields__]

numbers = st.one_of(
    st.integers(-3, 30),
    st.floats(-2, 50, allow_nan=False),
    st.sampled_from([0, 1, 10**9, 10**30, 10**400, -1, 1e-300, 1e300, float("inf"), float("nan"), 0.5]),
)
words = st.sampled_from(
    [
        "linear",
        "tanh",
        "relu",
        "sigmoid",
        "random",
        "none",
        "teacher",
        "delta",
        "mse",
        "fused",
        "jax",
        "auto",
        "",
        "?",
        "α",
    ]
)
scalars = st.one_of(numbers, words, st.booleans(), st.just("2020-01-01"))
values = st.one_of(scalars, st.lists(scalars, max_size=4), st.lists(st.lists(numbers, max_size=2), max_size=2))
ranges = st.one_of(
    st.fixed_dictionaries({"lin": st.tuples(numbers, numbers, st.integers(-1, 6)).map(list)}),
    st.fixed_dictionaries({"log": st.tuples(numbers, numbers, numbers).map(list)}),
    st.dictionaries(st.sampled_from(["lin", "log", "zip", "labels", "x"]), values, max_size=2),
)
zips = st.fixed_dictionaries(
    {"zip": st.dictionaries(st.sampled_from(_NAMES), values, max_size=2)}, optional={"labels": values}
)
axis_values = st.one_of(st.lists(numbers, min_size=1, max_size=3), values, ranges, zips)
names = st.one_of(st.sampled_from(_NAMES), st.sampled_from(["seed", "trial", "hiden", "a b", "rule"]))


def section(accepted):
    return st.dictionaries(st.sampled_from([*accepted, "misspelt"]), values, max_size=2)


# A usable file, one or two entries of which are changed: what is wrong is then met by the code behind the first check.
USABLE = {
    "student_teacher": {"total": 8, "n_train": 9, "n_test": 3},
    "training": {"epochs": 3, "batch_size": 3},
    "axes": {"ratio": [0.5, 1], "hidden": {"lin": [0, 1, 3]}},
    "start": {"at": "teacher"},
    "keep": {"epochs_to": [0.1], "lambda_min": True},
    "sweep": {"seed": 1},
}
changed_entry = st.one_of(
    st.tuples(st.just("student_teacher"), st.sampled_from([*parameters("student_teacher"), "x"]), values),
    st.tuples(st.just("training"), st.sampled_from([*parameters("training"), "x"]), values),
    st.tuples(st.just("start"), st.sampled_from([*parameters("start"), "x"]), values),
    st.tuples(st.just("keep"), st.sampled_from(_KEEP), values),
    st.tuples(st.just("axes"), names, axis_values),
    st.tuples(st.just("sweep"), st.sampled_from(["seed", "paired"]), values),
)
plausible = st.sampled_from(
    [
        ("axes", "activation", ["tanh", "relu"]),
        ("axes", "n_train", {"log": [5, 20, 3]}),
        ("axes", "learning_rate", [0.1, 0.5]),
        ("axes", "size", {"zip": {"student_scale": [1, 2], "teacher_scale": [2, 1]}}),
        ("axes", "ratio", {"log": [0.5, 2, 3]}),
        ("student_teacher", "n_outputs", 2),
        ("student_teacher", "trials", 3),
        ("training", "record", [0, 3]),
        ("training", "dtype", "float64"),
        ("keep", "weights", True),
        ("keep", "order_parameter", 2),
        ("start", "normalise_teacher", True),
        ("sweep", "paired", ["hidden"]),
    ]
)
files = st.fixed_dictionaries(
    {
        "student_teacher": section(parameters("student_teacher")),
        "training": section(parameters("training")),
        "axes": st.dictionaries(names, axis_values, max_size=3),
    },
    optional={
        "start": section(parameters("start")),
        "keep": section(_KEEP),
        "rules": st.dictionaries(st.sampled_from(["GD", "CD"]), section(parameters("rule")), max_size=2),
        "sweep": st.dictionaries(st.sampled_from(["seed", "paired", "x"]), values, max_size=2),
        "extra": values,
    },
)


def toml(value):
    """The few kinds of TOML that are drawn here."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if value == "2020-01-01" else '"' + value + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {toml(item)}' for key, item in value.items()) + "}"
    return repr(value)


seen = {"sweeps": 0, "refused": 0}


def fuzz(content):
    if isinstance(content, list):
        entries, content = content, {name: {**section} for name, section in USABLE.items()}
        for where, name, value in entries:
            content[where][name] = value
    text = "".join(f'"{name}" = {toml(value)}\n' for name, value in content.items())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.toml"
        path.write_text(text, encoding="utf-8")
        fault = ""
        try:
            cd.sweeps.plan(cd.sweeps.read(path), calibrate=False)
        except cd.InputError as refusal:
            fault = str(refusal)
            seen["refused"] += 1
        else:
            seen["sweeps"] += 1
        assert "\n" not in fault
        assert len(fault) < 2000


def fuzzer(examples):
    return settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def test_250_drawn_files_are_sweeps_or_one_sentence():
    seen.update(sweeps=0, refused=0)
    fuzzer(250)(given(files)(fuzz))()
    assert sum(seen.values()) >= 250


@pytest.mark.parametrize("examples", [50, pytest.param(250, marks=pytest.mark.slow)])
def test_changed_files_are_sweeps_or_one_sentence(examples):
    seen.update(sweeps=0, refused=0)
    fuzzer(examples)(given(st.lists(st.one_of(plausible, plausible, changed_entry), min_size=1, max_size=2))(fuzz))()
    assert sum(seen.values()) >= examples
    # A fuzzer that only ever meets the first check tests nothing else.
    assert seen["sweeps"] >= examples // 12, seen
    assert seen["refused"] >= examples // 5, seen
