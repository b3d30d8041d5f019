"""Sizes that a user names are refused before they are spent, and sentences stay short whatever they quote."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation import validation

BILLION = 10**9
SIZES = {"n_inputs": 2, "n_hidden": 2}
PROBLEM = cd.student_teacher(**SIZES, n_train=4)
TABLE = {"x": np.arange(4.0), "y": np.arange(4.0) ** 2}
LAW = cd.theory.Spectrum(0.5)

MEMORY = {
    **{
        f"student_teacher, {name}": (lambda name=name: cd.student_teacher(**(SIZES | {name: 10**12})))
        for name in ("n_inputs", "n_hidden", "n_outputs", "n_train", "n_test", "trials")
    },
    **{
        f"wide_students, {name}": (
            lambda name=name: cd.wide_students(**(SIZES | {name: 10**12}), distribution="normal")
        )
        for name in ("n_inputs", "n_train", "n_test", "trials")
    },
    **{
        f"from_data, {name}": (lambda name=name: cd.from_data(TABLE, targets="y", **({"n_hidden": 2} | {name: 10**12})))
        for name in ("n_hidden", "trials")
    },
    "a number of 400 digits": lambda: cd.student_teacher(n_inputs=10**400, n_hidden=10**5000),
    "an array of one number": lambda: cd.Weights([np.broadcast_to(1.0, (10**7, 10**7)), np.ones((1, 2))]),
    "columns of one number": lambda: cd.from_data(
        {"x": np.broadcast_to(np.uint8(1), (10**6, 10**7)), "y": np.zeros(10**6)}, targets="y", n_hidden=2
    ),
    "a range": lambda: cd.Plasticity(feedback=range(10**13)),
    "recorded epochs": lambda: cd.train(PROBLEM, cd.Plasticity(), epochs=10**13, record=range(10**13)),
    "sampled spectrum": lambda: LAW.sample(10**8, 0),
    "sampled spectra": lambda: LAW.sample(10, 0, samples=10**14),
    "smallest eigenvalues": lambda: cd.theory.sample_lambda_min(LAW, 10**8, samples=2, seed=0),
    "diagram": lambda: cd.theory.phase_diagram("hidden", resolution=10**8),
}


@pytest.mark.parametrize("call", MEMORY)
def test_too_much_memory_is_refused_before_it_is_spent(call):
    with pytest.raises(cd.InputError, match=r"would need .* GB of memory, and .* GB are free") as refused:
        MEMORY[call]()
    assert len(str(refused.value)) < 400


def test_what_is_refused_follows_from_what_is_free(monkeypatch):
    """The estimate is above what the arrays hold and below ten times that."""
    from curldescent.foundation import memory

    sizes = {"n_inputs": 50, "n_hidden": 40, "n_train": 300, "n_test": 100, "trials": 3}
    held = 8 * (2 * 3 * 40 * (50 + 1) + 400 * 50)
    monkeypatch.setattr(memory, "available", lambda: held)
    with pytest.raises(cd.InputError, match="would need"):
        cd.student_teacher(**sizes)
    monkeypatch.setattr(memory, "available", lambda: 10 * held)
    assert cd.student_teacher(**sizes).trials == 3


NUMBERS = {
    "points": (lambda: cd.log_epochs(1000, points=BILLION), "points must be a whole number between 2 and 1000000"),
    "epochs": (lambda: cd.log_epochs(10**400), "epochs must be a whole number between 1 and 9007199254740992"),
    "record": (
        lambda: cd.train(PROBLEM, cd.Plasticity(), epochs=5, record=BILLION),
        "record must be a whole number between 2 and 1000000, got 1000000000",
    ),
    "record of a flow": (
        lambda: cd.flow(PROBLEM, cd.Plasticity(), time=1.0, record=BILLION),
        "record must be a whole number between 2 and 1000000",
    ),
    "times of a flow": (
        lambda: cd.flow(PROBLEM, cd.Plasticity(), time=1.0, record=range(BILLION)),
        "record must list at most 1000000 times",
    ),
    "points of a trajectory": (lambda: cd.TwoWeights().trajectory([1, 1], time=1, points=BILLION), "points must be"),
    "a wide uniform layer": (lambda: cd.wide_students(n_inputs=2, n_hidden=10**14), "4.0e.14 random numbers"),
    "moments": (lambda: LAW.moments(BILLION), "order must be a whole number between 1 and 100"),
}


@pytest.mark.parametrize("call", NUMBERS)
def test_too_large_numbers_are_refused(call):
    make, sentence = NUMBERS[call]
    with pytest.raises(cd.InputError, match=sentence):
        make()


def test_sentences_are_short_whatever_they_quote():
    assert len(str(cd.InputError("x" * 10**7))) <= 1200
    assert str(cd.InputError("short")) == "short"
    assert len(validation.shown("x" * 10**6)) <= 120
    assert len(validation.shown(list(range(10**6)))) <= 120
    assert validation.shown(10**5000) == "a whole number of thousands of digits"
    assert validation.shown(1.5) == "1.5"
    assert "\n" not in validation.shown(np.eye(3))
    for value in ("x" * 10**6, list(range(10**6)), 10**5000, {k: k for k in range(10**5)}):
        for call in (
            lambda value=value: cd.student_teacher(n_inputs=value, n_hidden=2, activation="none"),
            lambda value=value: cd.student_teacher(**SIZES, activation=value),
            lambda value=value: cd.student_teacher(**SIZES, student_scale=value),
        ):
            with pytest.raises(cd.InputError) as refused:
                call()
            assert len(str(refused.value)) < 400
