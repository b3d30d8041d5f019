import itertools

import numpy as np
import pytest

import curldescent as cd
from tests.analysis.networks import autodiff_jacobian, deep_network, random_signs
from tests.samples import sampled


def test_jacobian_spectrum_away_from_zero_loss():
    network, params, x, y = deep_network(at_solution=False)
    reference = np.linalg.eigvals(autodiff_jacobian(params, x, y, random_signs(params, 200)))
    reference = reference[np.argsort(-reference.real)]
    dense = cd.analysis.jacobian_spectrum(network, method="dense")
    free = cd.analysis.jacobian_spectrum(network, method="matrix-free", count=3)
    np.testing.assert_allclose(dense.eigenvalues[:3].real, reference[:3].real, atol=1e-9)
    np.testing.assert_allclose(free.eigenvalues[:3].real, reference[:3].real, atol=1e-7)
    assert free.errors.max() < 1e-6
    assert dense.growth == pytest.approx(reference[0].real, abs=1e-9)
    # What is left without the residual term is −G.
    lowest = cd.analysis.stability(network).eigenvalues[:3]
    np.testing.assert_allclose(dense.without_residual[:3].real, -lowest, atol=1e-7)
    np.testing.assert_allclose(free.without_residual[:3].real, -lowest, atol=1e-7)
    assert dense.residual_share > 0.1
    assert dense.speed > 0.01
    solved = cd.analysis.jacobian_spectrum(deep_network()[0])
    assert solved.residual_share < 1e-12
    assert solved.speed < 1e-12


def test_flip_margins_are_those_of_flipped_networks():
    network, *_ = deep_network((3, 4, 2), samples=4)
    groups = cd.analysis.neurons(network, presynaptic_axis=1)
    assert list(groups)[:3] == ["0.w[0]", "0.w[1]", "0.w[2]"]
    assert sorted(np.concatenate(list(groups.values()))) == sorted(
        np.concatenate([network.named(np.arange(network.n_params))[k].ravel() for k in ("0.w", "1.w")])
    )
    found = cd.analysis.flip_margins(network, groups=groups)
    for value, positions in zip(found.lambda_min, groups.values(), strict=True):
        strengths = network.strengths.copy()
        strengths[positions] *= -1
        assert value == pytest.approx(cd.analysis.stability(network.with_strengths(strengths)).lambda_min, abs=1e-12)
    # λ_min is concave in S, and so below its tangent.
    assert (found.effect <= found.first_order + 1e-12).all()
    assert found.ranking[0] == found.effect.argmin()


@pytest.mark.parametrize("seed", sampled(range(4), seldom=(2, 3)))
def test_largest_stable_flips_against_every_set(seed):
    network, *_ = deep_network((3, 9, 2), samples=6, seed=seed, strengths=None)
    groups = cd.analysis.neurons(network, layers="1.w", presynaptic_axis=1)
    found = cd.analysis.largest_stable_flips(network, groups=groups)

    phi = network.outputs_jacobian() / np.sqrt(network.n_samples)

    def stable(names):
        strengths = np.ones(network.n_params)
        for name in names:
            strengths[groups[name]] = -1
        return np.linalg.eigvalsh((phi * strengths) @ phi.T)[0] >= -1e-11

    best = max(k for k in range(10) for names in itertools.combinations(groups, k) if stable(names))
    assert stable(found.names)
    assert found.size <= best <= found.bound
    assert (np.diff(found.lambda_min) <= 1e-12).all()
    flipped = cd.analysis.stability(network.with_strengths(found.strengths))
    assert flipped.stable
    if found.size:
        assert flipped.lambda_min == pytest.approx(found.lambda_min[-1], abs=1e-12)


def test_greedy_takes_the_best_flip_every_time():
    """The lazy search gives what the plain one gives."""
    network, *_ = deep_network((3, 12, 1), samples=5, seed=1, strengths=None)
    groups = cd.analysis.neurons(network, layers="1.w", presynaptic_axis=1)
    found, chosen = cd.analysis.largest_stable_flips(network, groups=groups), []
    while True:
        scores = {}
        for name in set(groups) - set(chosen):
            strengths = np.ones(network.n_params)
            for other in [*chosen, name]:
                strengths[groups[other]] = -1
            scores[name] = cd.analysis.stability(network.with_strengths(strengths)).lambda_min
        name = max(scores, key=scores.get, default=None)
        if name is None or scores[name] < 0:
            break
        chosen.append(name)
    assert len(chosen) > 1
    assert list(found.names) == chosen


def test_a_margin_is_kept():
    network, *_ = deep_network((3, 12, 1), samples=4, seed=1, strengths=None)
    groups = cd.analysis.neurons(network, layers="1.w", presynaptic_axis=1)
    base = cd.analysis.stability(network)
    floor = base.margin / 2
    found = cd.analysis.largest_stable_flips(network, groups=groups, margin=floor)
    assert found.size <= cd.analysis.largest_stable_flips(network, groups=groups).size
    assert found.lambda_min[-1] >= floor * base.scale


NETWORK = deep_network((3, 4, 1))[0]
GROUPS = cd.analysis.neurons(NETWORK, presynaptic_axis=1)
ERRORS = {
    "overlap": (lambda: cd.analysis.largest_stable_flips(NETWORK, groups={"a": [0, 1], "b": [1]}), "must not overlap"),
    "margin": (
        lambda: cd.analysis.largest_stable_flips(NETWORK, groups=GROUPS, margin=1.0),
        "more than gradient descent itself has",
    ),
    "outside": (lambda: cd.analysis.flip_margins(NETWORK, groups={"a": [999]}), "positions of group 'a'"),
    "empty": (lambda: cd.analysis.flip_margins(NETWORK, groups={}), "at least one name"),
    "layer": (lambda: cd.analysis.neurons(NETWORK, layers="2.*"), "no weight matrix matches"),
    "targets": (
        lambda: cd.analysis.jacobian_spectrum(cd.analysis.network(lambda w, x: x @ w, np.ones(2), np.eye(2))),
        "needs the loss",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input(case):
    call, message = ERRORS[case]
    with pytest.raises(cd.InputError, match=message):
        call()
