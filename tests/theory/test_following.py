"""The integration that the reduced equations share: where equations are too fast to be followed, it ends."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.theory import excess_nonlinearity, macroscopic

EQUATIONS = (macroscopic, excess_nonlinearity)
# A strength of a million makes one neuron that much faster than the others: explicit steps must be as short.
STIFF = cd.Plasticity(readout=[1e6, 1.0, 1.0])
GD = cd.Plasticity()
PROBLEM = cd.student_teacher(
    n_inputs=20, n_hidden=3, activation="erf", output_activation="linear", n_train=1, n_test=0, student_scale=2.0
)
GIVEN_UP = "too many evaluations"


@pytest.mark.parametrize("equations", EQUATIONS)
def test_students_that_are_too_fast_are_given_up_and_leave_the_others_alone(equations):
    given = {"epochs": 100.0, "record": [0.0, 1.0, 100.0], "max_evaluations": 1_000}
    found = equations(PROBLEM, {"stiff": STIFF, "GD": GD}, **given).isel(trial=0)
    stiff, other = found.sel(rule="stiff"), found.sel(rule="GD")
    assert stiff.status == GIVEN_UP
    assert stiff.evaluations == 1_000
    for name in ("error", "readout_weights", "stopped_at", "diverged_at"):
        assert np.isnan(stiff[name]).all(), name
    assert other.status == "reached the end"
    alone = equations(PROBLEM, GD, **{**given, "max_evaluations": 10**9}).isel(trial=0)
    np.testing.assert_array_equal(other.error, alone.error)


@pytest.mark.parametrize("equations", EQUATIONS)
def test_the_limit_is_the_evaluations_that_a_run_takes(equations):
    given = {"epochs": 50.0, "record": [10.0, 50.0]}
    whole = equations(PROBLEM, GD, **given)
    count = int(whole.evaluations[0])
    enough = equations(PROBLEM, GD, **given, max_evaluations=count)
    assert enough.equals(whole)
    one_less = equations(PROBLEM, GD, **given, max_evaluations=count - 1)
    assert one_less.status.values.tolist() == [GIVEN_UP]


@pytest.mark.parametrize("equations", EQUATIONS)
def test_a_limit_is_a_whole_number(equations):
    with pytest.raises(cd.InputError, match="max_evaluations must be a whole number"):
        equations(PROBLEM, GD, epochs=1.0, max_evaluations=0)
