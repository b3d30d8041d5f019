import numpy as np
import pytest

import curldescent as cd
from curldescent.paper.machinery.fates import (
    LEFT,
    RETURNED,
    UNDECIDED,
    fates,
    finite_size_margin,
    judged,
    lowest_eigenvalues,
    over_grid,
    random_solutions,
    white_inputs,
)
from curldescent.theory import Spectrum


def flips(size, count):
    return np.where(np.arange(size) < count, -1.0, 1.0)


def test_solutions_have_the_norms_the_law_assumes():
    found = random_solutions(5, 9, n_outputs=3, trials=2, seed=1)
    np.testing.assert_allclose((found.hidden**2).sum((1, 2)), 9)
    np.testing.assert_allclose((found.readout**2).sum((1, 2)), 3)


def test_solutions_of_one_seed_share_their_hidden_weights_whatever_the_outputs():
    one, ten = (random_solutions(5, 9, n_outputs=o, trials=2, seed=1) for o in (1, 10))
    np.testing.assert_array_equal(one.hidden, ten.hidden)


@pytest.mark.parametrize("preserve", [False, True])
def test_fates_have_the_sign_of_the_jacobian_eigenvalues(preserve):
    # The Jacobian of the whole dynamics by finite differences, which knows nothing of K.
    m, n, trials = 4, 10, 10
    inputs = white_inputs(m)
    solutions = random_solutions(m, n, trials=trials, seed=3)
    d1, d2 = flips(m, 2), flips(n, 1)
    verdict = fates(inputs, solutions, d1, d2, steps=100_000, preserve_norms=preserve, seed=0).verdict
    sigma = inputs.T @ inputs / len(inputs)
    signs = []
    for w1, w2 in zip(solutions.hidden, solutions.readout, strict=True):

        def velocity(theta, v=w2 @ w1):
            a, b = theta[: n * m].reshape(n, m), theta[n * m :].reshape(1, n)
            error = (b @ a - v) @ sigma
            da, db = -(b.T @ error) * d1, -(error @ a.T) * d2
            if preserve:
                da, db = da - a * (a * da).sum() / (a**2).sum(), db - b * (b * db).sum() / (b**2).sum()
            return np.concatenate([da.ravel(), db.ravel()])

        theta = np.concatenate([w1.ravel(), w2.ravel()])
        steps = 1e-5 * np.eye(len(theta))
        jacobian = np.stack([(velocity(theta + s) - velocity(theta - s)) / 2e-5 for s in steps], axis=1)
        signs.append(LEFT if np.linalg.eigvals(jacobian).real.max() > 1e-6 else RETURNED)
    assert {LEFT, RETURNED} == set(signs)
    np.testing.assert_array_equal(verdict, signs)


def test_a_short_run_leaves_the_fate_open():
    found = fates(white_inputs(5), random_solutions(5, 5, trials=3, seed=0), np.ones(5), np.ones(5), steps=1)
    assert set(found.verdict.tolist()) <= {UNDECIDED, RETURNED}
    assert UNDECIDED in found.verdict
    assert (found.steps == 250).all()


def test_lowest_eigenvalues_are_those_of_k():
    solutions = random_solutions(4, 6, trials=2, seed=0)
    d1, d2 = flips(4, 1), flips(6, 2)
    expected = [
        np.linalg.eigvalsh((w2**2).sum() * np.diag(d1) + w1.T @ np.diag(d2) @ w1)[0]
        for w1, w2 in zip(solutions.hidden, solutions.readout, strict=True)
    ]
    np.testing.assert_allclose(lowest_eigenvalues(solutions, d1, d2), expected)


def test_most_networks_of_moderate_size_lie_within_the_margin_of_the_limit():
    law = Spectrum(0.5, hidden=0.3)
    lowest = cd.theory.sample_lambda_min(law, 40, samples=100, seed=0)
    assert np.mean(np.abs(lowest - law.lambda_min) < finite_size_margin(law, 40)) > 0.9


def test_a_cell_compares_with_the_sizes_it_realises():
    found = judged(Spectrum(0.5, hidden=0.3), 8, trials=2, steps=250, seed=0)
    assert found["verdict"].shape == found["lowest"].shape == (2,)
    assert found["predicted"] == Spectrum(0.5, hidden=0.25).lambda_min


def test_a_grid_keeps_the_seed_of_a_point():
    def cell(a, b, seed):
        return {"sum": a + b, "seeds": np.array([seed, seed])}

    small, large = (over_grid({"a": values, "b": (1, 2)}, cell, seed=4) for values in ((0, 10), (0, 10, 20)))
    assert dict(large.sizes) == {"a": 3, "b": 2, "trial": 2}
    assert large["sum"].sel(a=10, b=2) == 12
    np.testing.assert_array_equal(small.seeds, large.seeds[:2])
    assert np.unique(large.seeds).size == 6
