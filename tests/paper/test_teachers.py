"""The closed form of the tangent kernel against the library's automatic differentiation."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.paper.machinery.teachers import extreme_rates, leaves, tangent_kernels, teacher_stability


@pytest.mark.parametrize("activation", ["linear", "tanh", "sigmoid"])
@pytest.mark.parametrize("preserve_norms", [False, True])
def test_the_kernel_is_that_of_automatic_differentiation(activation: str, preserve_norms: bool) -> None:
    problem = cd.student_teacher(n_inputs=12, n_hidden=9, n_train=20, activation=activation, seed=3)
    problem = problem.starting_at_teacher()
    d1, d2 = np.where(np.arange(12) < 5, -1.0, 1.0), np.where(np.arange(9) < 3, -1.0, 1.0)
    free, kept = tangent_kernels(
        problem.inputs, problem.student.hidden[0], problem.student.readout[0, 0], d1, d2, activation, activation
    )
    found = np.linalg.eigvals(kept if preserve_norms else free)
    expected = cd.analysis.stability(problem, cd.Plasticity(hidden=d1, readout=d2), preserve_norms=preserve_norms)[
        0
    ].eigenvalues
    # The linear kernel has rank 12 of 20; what is left are zeros.
    found = found[np.argsort(-np.abs(found))][: len(expected)]
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-10)


def test_linear_students_take_the_smaller_matrix() -> None:
    problem = cd.student_teacher(n_inputs=6, n_hidden=30, n_train=50, trials=2).starting_at_teacher()
    d1, d2 = np.ones(6), np.where(np.arange(30) < 20, -1.0, 1.0)
    for trial in range(2):
        free, kept = tangent_kernels(
            problem.inputs, problem.student.hidden[trial], problem.student.readout[trial, 0], d1, d2, "linear", "linear"
        )
        rate, free_rate, fastest = extreme_rates(problem, trial, d1, d2)
        assert rate == pytest.approx(np.linalg.eigvals(kept).real.min(), abs=1e-12)
        assert free_rate == pytest.approx(np.linalg.eigvalsh(free).min(), abs=1e-12)
        assert fastest == pytest.approx(np.linalg.eigvals(kept).real.max(), abs=1e-12)


@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_the_prediction_is_what_training_does(activation: str) -> None:
    grid = {"ratio": (0.1, 1.0), "fraction": (0.0, 0.4)}
    found = teacher_stability(activation=activation, layer="readout", trials=1, **grid)
    assert dict(found.sizes) == {"ratio": 2, "readout": 2, "trial": 1}
    assert leaves(found, step=0.1).values.ravel().tolist() == [False, True, False, True]


def test_a_step_that_is_too_long_leaves_too() -> None:
    # The widest network of figure 4: ‖W1‖² is so large that step 0.1 overshoots, without any flip.
    found = teacher_stability(activation="linear", layer="readout", ratio=(0.01,), fraction=(0.0,), trials=6)
    left = leaves(found, step=0.1)
    assert left.any()
    assert not leaves(found, step=0.02).any()
    sweep = cd.sweeps.Sweep(
        axes={"ratio": [0.01], "readout": [0.0]},
        student_teacher={"total": 220, "activation": "linear", "n_train": 250, "n_test": 100, "trials": 6},
        start={"at": "teacher", "hidden_noise": 1e-15},
        training={"epochs": 1},
    )
    problem = sweep.cell_at((0, 0)).problem
    history = cd.train(problem, cd.Plasticity(), epochs=20_000, preserve_norms=True)
    assert (history.train_error.max("epoch").values > 1e-10).tolist() == left.values.ravel().tolist()
