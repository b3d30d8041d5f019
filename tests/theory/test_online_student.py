"""Finite steps: the noise of single samples, against students that learn every sample once."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.model.weights import Weights
from curldescent.theory import macroscopic

FLIPPED = [-1.0, 1.0, 1.0, 1.0]
SAMPLES = 10_000


def problem(output: str, samples: int = SAMPLES) -> cd.Problem:
    return cd.student_teacher(
        n_inputs=200,
        n_hidden=4,
        activation="tanh",
        output_activation=output,
        n_train=samples,
        n_test=8000,
        student_scale=2,
        seed=3,
    )


def trained(task: cd.Problem, rule: cd.Plasticity, batch: int, rate: float, **options: bool) -> np.ndarray:
    """Test errors of four orders of the samples, each seen once."""
    found = [
        cd.train(task, rule, epochs=1, learning_rate=rate, batch_size=batch, seed=seed, **options) for seed in range(4)
    ]
    return np.array([float(run.test_error[0, -1]) for run in found])


CASES = {
    "batches of ten": ("linear", None, 10, 160.0, True),
    "norms kept, linear output": ("linear", None, 1, 160.0, True),
    "a flip, free norms": ("linear", FLIPPED, 1, 40.0, False),
    "tanh output": ("tanh", None, 1, 160.0, True),
}


@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=[] if n == 0 else pytest.mark.slow) for n, name in enumerate(CASES)]
)
def test_large_steps_are_followed_where_small_ones_are_not_meant(case: str) -> None:
    output, flips, batch, rate, norms = CASES[case]
    rule = cd.Plasticity() if flips is None else cd.Plasticity(readout=flips)
    task = problem(output)
    given = {"epochs": 1, "learning_rate": rate, "preserve_norms": norms, "record": [1.0]}
    small = float(macroscopic(task, rule, **given).error[0, -1])
    online = float(macroscopic(task, rule, samples_per_epoch=SAMPLES, **given).error[0, -1])
    measured = trained(task, rule, batch, rate, preserve_norms=norms)
    assert abs(np.log(online / measured.mean())) < 0.15
    # What small steps say is outside of that, by more than twice as much.
    assert abs(np.log(small / measured.mean())) > 0.3


def test_small_steps_are_the_limit() -> None:
    task = cd.student_teacher(n_inputs=30, n_hidden=2, activation="tanh", n_train=1, n_test=0, student_scale=2, seed=2)
    rules = {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=[-1.0, 1.0])}
    given = {"epochs": 100, "preserve_norms": True, "record": [1, 10, 100], "samples": 2**14}
    limit = macroscopic(task, rules, **given)
    online = macroscopic(task, rules, samples_per_epoch=10**10, **given)
    # Both average over fields, other ones.
    np.testing.assert_allclose(online.error, limit.error, rtol=0.03)
    np.testing.assert_allclose(online.hidden_norm, limit.hidden_norm, rtol=0.01)
    few = macroscopic(task, rules, samples_per_epoch=20, **given)
    assert not np.allclose(few.hidden_norm, online.hidden_norm, rtol=0.01)


def test_kept_norms_are_kept() -> None:
    task = cd.student_teacher(n_inputs=30, n_hidden=2, activation="tanh", n_train=1, n_test=0, student_scale=2, seed=2)
    run = macroscopic(task, cd.Plasticity(), epochs=30, preserve_norms=True, samples_per_epoch=20, record=[0, 3, 30])
    whole = (run.hidden_norm**2).sum("hidden").values
    np.testing.assert_allclose(whole, np.broadcast_to(whole[:, :1], whole.shape), rtol=1e-4)
    free = macroscopic(task, cd.Plasticity(), epochs=30, samples_per_epoch=20, record=[0, 3, 30])
    assert float((free.hidden_norm**2).sum("hidden")[0, -1]) != pytest.approx(float(whole[0, -1]), rel=1e-3)


def test_it_refuses() -> None:
    task = cd.student_teacher(n_inputs=4, n_hidden=2, activation="tanh", n_train=1, n_test=0, seed=2)
    with pytest.raises(cd.InputError, match="samples_per_epoch must be a whole number between 1 and"):
        macroscopic(task, cd.Plasticity(), epochs=1, samples_per_epoch=1.5)
    with pytest.raises(cd.InputError, match="samples_per_epoch needs inputs that are alike"):
        macroscopic(task, cd.Plasticity(hidden=[-1, 1, 1, 1]), epochs=1, samples_per_epoch=100)


def test_the_noise_is_a_smooth_part_of_the_state() -> None:
    """Eigenvectors of equal noise change at random from step to step; the solver took thousands of evaluations."""
    task = cd.student_teacher(
        n_inputs=20, n_hidden=4, activation="erf", output_activation="linear", n_train=1, n_test=0, student_scale=2
    )
    run = macroscopic(task, cd.Plasticity(), epochs=10, samples_per_epoch=50, samples=65, record=1)
    assert int(run.evaluations.item()) < 400


@pytest.mark.parametrize("more", [{}, {"samples_per_epoch": 50}])
def test_a_layer_of_zeros_cannot_keep_its_norm(more: dict[str, int]) -> None:
    task = cd.student_teacher(n_inputs=4, n_hidden=2, activation="tanh", n_train=1, n_test=0)
    for hidden, readout in ((0, 1), (1, 0)):
        student = Weights([hidden * task.student.hidden, readout * task.student.readout])
        with pytest.raises(cd.InputError, match="preserve_norms needs layers that are not all zero"):
            macroscopic(task.with_student(student), cd.Plasticity(), epochs=1, preserve_norms=True, **more)
