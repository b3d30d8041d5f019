import numpy as np
import pytest

import curldescent as cd

SHAPES = {"0.weight": (6, 20), "0.bias": (6,), "1.weight": (3, 6), "scale": ()}


def test_fractions_flip_so_many_presynaptic_neurons():
    found = cd.Signature({"*.weight": 0.5}).strengths(SHAPES)
    assert {name: s.shape for name, s in found.items()} == SHAPES
    for name, count in (("0.weight", 10), ("1.weight", 3)):
        columns = found[name][0]
        assert (found[name] == columns).all()  # a neuron's synapses share their sign
        assert (columns == -1).sum() == count
    assert (found["0.bias"] == 1).all()
    assert found["scale"] == 1


def test_the_choice_depends_on_seed_and_path_only():
    shapes = {name: shape for name, shape in SHAPES.items() if name != "scale"}  # of which a third is nothing
    one = cd.Signature({"*": 0.4}, seed=5).strengths(shapes)
    alone = cd.Signature({"0.weight": 0.4}, seed=5).strengths({"0.weight": (6, 20)})
    np.testing.assert_array_equal(one["0.weight"], alone["0.weight"])
    other = cd.Signature({"*": 0.4}, seed=6).strengths(shapes)
    assert (one["0.weight"] != other["0.weight"]).any()


def test_without_seed_it_is_plasticitys_choice():
    found = cd.Signature({"hidden": 0.29, "readout": 0.4}, seed=None).strengths({"hidden": (5, 100), "readout": (2, 5)})
    reference = cd.Plasticity(hidden=0.29, readout=0.4).strengths(n_inputs=100, n_hidden=5, n_outputs=2)
    np.testing.assert_array_equal(found["hidden"], reference.hidden)
    np.testing.assert_array_equal(found["readout"], reference.readout)


def test_the_first_pattern_decides():
    found = cd.Signature({"1.weight": np.full((3, 6), 0.5), "*": 1.0}).strengths(SHAPES)
    assert (found["1.weight"] == 0.5).all()
    assert (found["0.bias"] == -1).all()
    assert found["scale"] == -1


def test_flax_kernels_have_their_presynaptic_neurons_second_to_last():
    found = cd.Signature({"kernel": [1, -1]}, presynaptic_axis=-2).strengths({"kernel": (3, 3, 2, 4)})["kernel"]
    assert (found[:, :, 1] == -1).all()
    assert (found[:, :, 0] == 1).all()


ERRORS = {
    "no mapping": (lambda: cd.Signature(0.5), "must map path patterns"),
    "text": (lambda: cd.Signature({"*": "half"}), "the rule of '\\*' must be a fraction"),
    "fraction": (lambda: cd.Signature({"*": 1.5}), "between 0 and 1, got 1.5"),
    "no match": (lambda: cd.Signature({"0.wieght": 0.5}).strengths(SHAPES), "did you mean '0.weight'"),
    "length": (lambda: cd.Signature({"1.weight": [1, 1]}).strengths(SHAPES), r"must have shape \(6,\)"),
    "matrix": (lambda: cd.Signature({"1.weight": np.ones((6, 3))}).strengths(SHAPES), r"must have shape \(3, 6\)"),
    "axis": (lambda: cd.Signature({"1.weight": 0.5}, presynaptic_axis=2).strengths(SHAPES), "presynaptic_axis 2"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input(case):
    call, message = ERRORS[case]
    with pytest.raises(cd.InputError, match=message):
        call()
