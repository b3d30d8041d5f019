"""The component of an update along a layer's weights is removed in one place, at any scale of the weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd
from curldescent.foundation.arithmetic import arithmetic
from curldescent.learning.fields.norms import tangential

RNG = np.random.default_rng(3)
LAYER, UPDATES = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 3, 4))


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_it_is_the_projection_onto_the_complement_of_the_weights(xp, scale):
    w = LAYER.ravel() / np.linalg.norm(LAYER)
    expected = UPDATES.reshape(5, 12) @ (np.eye(12) - np.outer(w, w))
    with arithmetic():
        found = tangential(xp.asarray(UPDATES), xp.asarray(scale * LAYER), xp)
        np.testing.assert_allclose(np.asarray(found).reshape(5, 12), expected, atol=1e-14)


def test_a_layer_of_zeros_takes_all_of_it_and_a_lost_weight_shows():
    np.testing.assert_array_equal(tangential(UPDATES, np.zeros((3, 4)), np), UPDATES)
    lost = LAYER.copy()
    lost[0, 0] = np.nan
    assert np.isnan(tangential(UPDATES, lost, np)).all()


def test_what_changes_when_the_weights_move_is_that_of_the_projection():
    along = RNG.normal(size=(3, 4))
    with arithmetic():
        update, layer = jnp.asarray(UPDATES[0]), jnp.asarray(LAYER)
        _, moved = jax.jvp(lambda w: tangential(update, w), (layer,), (jnp.asarray(along),))
    ahead, behind = (tangential(UPDATES[0], LAYER + step * along, np) for step in (1e-6, -1e-6))
    finite = (ahead - behind) / 2e-6
    np.testing.assert_allclose(moved, finite, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-170, 1.0])
def test_the_flow_keeps_its_norms_whatever_their_scale(scale):
    sampled = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=20, trials=1, student_scale=1.0, seed=1)
    weights = [scale * layer for layer in sampled.student.layers]
    problem, rule = sampled.with_student(cd.Weights(weights)), cd.Plasticity(readout=0.5)
    flowing = cd.flow(problem, rule, time=0.1, preserve_norms=True)
    for start, end in zip(weights, (flowing.student_hidden, flowing.student_readout), strict=True):
        np.testing.assert_allclose(np.linalg.norm(end.values), np.linalg.norm(start), rtol=1e-6)
