"""`Plasticity` and `Signature` are one family: they read rules alike, say alike what these come to, and convert."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.model.layer_rules import LayerRules

SIZES = (6, 4, 2)
SHAPES = {"hidden": (4, 6), "readout": (2, 4)}
RNG = np.random.default_rng(1)
# Rules for (hidden, readout), in every form.
SAID = {
    "fractions": (0.5, 0.25),
    "all and none": (1.0, 0.0),
    "masks": ([True, False] * 3, [False, True, True, False]),
    "strengths": ([1, -1, 0.5, -2.0, 1, 1], [1.0, 1.0, -1.0, 1.0]),
    "counts": (cd.Flips(count=2), {"count": 3}),
    "indices": (cd.Flips(indices=[5]), cd.Flips(indices=[0, 3])),
    "per synapse": (RNG.normal(size=(4, 6)), RNG.random((2, 4)) < 0.5),
}


def both(form):
    hidden, readout = SAID[form]
    return cd.Plasticity(hidden, readout), cd.Signature({"hidden": hidden, "readout": readout}, seed=None)


def test_both_are_of_the_family():
    for rules in both("fractions"):
        assert isinstance(rules, LayerRules)


@pytest.mark.parametrize("form", SAID)
def test_they_read_rules_alike_and_count_alike(form):
    plasticity, signature = both(form)
    found, counted = signature.strengths(SHAPES), signature.realised(SHAPES)
    expected = plasticity.realised(SIZES)
    for number, name in enumerate(SHAPES):
        np.testing.assert_array_equal(found[name], plasticity.strengths(SIZES)[number])
        counts = [(layer.flipped, layer.frozen, layer.graded) for layer in (counted[name], expected[name])]
        if form != "all and none":  # of which a signature counts synapses: it needs no layout to know them
            assert counts[0] == counts[1]
    assert list(counted) == list(expected) == ["hidden", "readout"]
    np.testing.assert_array_equal(signature.resolve(SHAPES)["readout"], found["readout"])


@pytest.mark.parametrize("form", SAID)
def test_one_becomes_the_other_and_comes_back(form):
    plasticity, signature = both(form)
    made = cd.Signature.of(plasticity)
    for name in SHAPES:
        np.testing.assert_array_equal(made.strengths(SHAPES)[name], signature.strengths(SHAPES)[name])
    back = cd.Plasticity.of(made, SIZES)
    for ours, theirs in zip(back.strengths(SIZES), plasticity.strengths(SIZES), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_conversion_follows_the_paths_and_layouts_of_other_frameworks():
    plasticity = cd.Plasticity(layers=[0.5, [1, -1, 1], cd.Flips(count=1)])
    paths = ["0.weight", "2.weight", "out.kernel"]
    shapes = {"0.weight": (3, 4), "2.weight": (5, 3), "out.kernel": (5, 2)}
    found = cd.Signature.of(plasticity, paths).strengths(shapes)
    for path, strengths in zip(paths, plasticity.strengths([4, 3, 5, 2]), strict=True):
        np.testing.assert_array_equal(found[path].T if path == "out.kernel" else found[path], strengths)
    back = cd.Plasticity.of(cd.Signature.of(plasticity, paths), [4, 3, 5, 2], paths=paths)
    for ours, theirs in zip(back.strengths([4, 3, 5, 2]), plasticity.strengths([4, 3, 5, 2]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_drawn_signature_trains_as_the_field_has_it():
    problem = cd.student_teacher(n_inputs=6, n_hidden=4, n_outputs=2, n_train=10)
    drawn = cd.Signature({"*": 0.5}, seed=7)
    rule = cd.Plasticity.of(drawn, problem.student.sizes)
    assert rule.realised(SIZES).hidden.flipped == 3
    assert rule.strengths(SIZES).readout[0].tolist() != cd.Plasticity(0.5, 0.5).strengths(SIZES).readout[0].tolist()
    assert cd.Plasticity.of(cd.Signature(), SIZES).label == "GD"
    cd.train(problem, rule, epochs=1)
    with pytest.raises(cd.InputError, match=r"cd\.Plasticity\.of\(signature, problem\.student\.sizes\) makes one"):
        cd.train(problem, drawn, epochs=1)


def test_what_has_no_counterpart_is_refused():
    for plasticity, message in (
        (cd.Plasticity(feedback="random"), "says nothing of feedback"),
        (cd.Plasticity(0.5, flips="postsynaptic"), "the plasticity of postsynaptic"),
        (cd.Plasticity(cd.Flips(count=1), flips="postsynaptic"), "the plasticity of postsynaptic"),
        (cd.Plasticity(layers=[0.5, 0.5, 0.5]), "layers must have 2 entries"),
    ):
        with pytest.raises(cd.InputError, match=message):
            cd.Signature.of(plasticity)
    synapses = cd.Plasticity(np.ones((4, 6)), 1.0, flips="postsynaptic")
    assert (cd.Signature.of(synapses).strengths(SHAPES)["readout"] == -1).all()
    with pytest.raises(cd.InputError, match="paths must name the 2 weights of the network, each once, got a"):
        cd.Plasticity.of(cd.Signature({"*": 0.5}), SIZES, paths=["a"])


def test_a_signature_shows_itself_in_a_line():
    said = cd.Signature({"a.*": 0.5, "b": np.ones((30, 20)), "c": cd.Flips(count=2)}, seed=None, presynaptic_axis=1)
    assert repr(said) == (
        "Signature({'a.*': 0.5, 'b': <30×20 strengths>, 'c': Flips(count=2)}, seed=None, presynaptic_axis=1)"
    )
