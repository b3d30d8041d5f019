import numpy as np
import pytest

import curldescent as cd
from curldescent.model.flips import flipped_count

SIZES = {"n_inputs": 4, "n_hidden": 5, "n_outputs": 3}


def test_gradient_descent_is_the_default():
    s = cd.Plasticity().strengths(**SIZES)
    assert s.hidden.shape == (5, 4)
    assert s.readout.shape == (3, 5)
    assert (s.hidden == 1).all()
    assert (s.readout == 1).all()


def test_fractions_flip_the_first_presynaptic_neurons_by_columns():
    s = cd.Plasticity(hidden=0.5, readout=0.39).strengths(**SIZES)
    assert (s.hidden == np.array([-1, -1, 1, 1])).all()
    assert (s.readout == np.array([-1, 1, 1, 1, 1])).all()


def test_postsynaptic_flips_are_rows():
    s = cd.Plasticity(hidden=0.4, readout=[1, -1, 0.5], flips="postsynaptic").strengths(**SIZES)
    assert (s.hidden == np.array([-1, -1, 1, 1, 1])[:, None]).all()
    assert (s.readout == np.array([1, -1, 0.5])[:, None]).all()


def test_synapses_can_be_graded_one_by_one():
    given = np.linspace(-1, 1, 20).reshape(5, 4)
    assert np.array_equal(cd.Plasticity(hidden=given).strengths(**SIZES).hidden, given)


@pytest.mark.parametrize(
    ("alpha", "size", "count"), [(0.29, 100, 29), (0.3, 10, 3), (0.999, 10, 9), (1.0, 7, 7), (0.15, 20, 3), (0, 9, 0)]
)
def test_counts_are_floors_that_rounding_does_not_move(alpha, size, count):
    assert flipped_count(alpha, size) == count


def test_flips_are_counted_in_layers_of_any_size():
    """Neurons are counted, not listed: a plan or a program may name any number of them."""
    huge = 2**60
    rule = cd.Plasticity(hidden=0.25, readout=cd.Flips(indices=[3, 9]))
    found = rule.realised(n_inputs=huge, n_hidden=huge, n_outputs=huge)
    assert (found.hidden.flipped, found.readout.flipped, found.readout.size) == (huge // 4, 2, huge)
    assert cd.Plasticity(hidden=cd.Flips(count=7)).realised(n_inputs=huge, n_hidden=1, n_outputs=1).hidden.flipped == 7
    with pytest.raises(cd.InputError, match="got a count of 7 to flip"):
        cd.Plasticity(readout=cd.Flips(count=7)).realised(n_inputs=huge, n_hidden=5, n_outputs=1)


def test_sampled_feedback_has_its_law_and_follows_seed_and_trial():
    rule = cd.Plasticity(feedback="random", feedback_scale=2.0)
    sizes = (7, 100, 3)
    (b,) = rule.feedback_matrices(sizes, trials=4, seed=1)
    assert b.shape == (4, 100, 3)
    assert 0.19 < np.abs(b).max() <= 0.2  # U(±2/√100)
    # Mean square of U(±w) is w²/3; 1200 values give it within 3·√(4/5/1200) ≈ 8 %.
    assert abs((b**2).mean() / (0.04 / 3) - 1) < 0.08
    assert np.array_equal(b[:2], rule.feedback_matrices(sizes, trials=2, seed=1)[0])
    assert not np.array_equal(b, rule.feedback_matrices(sizes, trials=4, seed=2)[0])
    assert not np.array_equal(b[0], b[1])


def test_labels_and_reprs_say_what_the_rule_is():
    assert cd.Plasticity().label == "GD"
    assert cd.Plasticity(readout=0.1).label == "CD (α_r = 0.1)"
    assert cd.Plasticity(feedback="random").label == "FA"
    assert cd.Plasticity(hidden=[1.0, 0.0], feedback="random").label == (
        "FA + flips (hidden strengths: 0 of 2 flipped, 1 frozen)"
    )
    assert repr(cd.Plasticity(hidden=np.zeros(3), flips="postsynaptic")) == (
        "Plasticity(hidden=<3 strengths>, flips='postsynaptic')"
    )
