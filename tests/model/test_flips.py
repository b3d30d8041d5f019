"""Flips are what the user said, in every form and place, and what they come to is said."""

import json
import warnings

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import curldescent as cd

SIZES = {"n_inputs": 4, "n_hidden": 10, "n_outputs": 1}
LAST_TWO = [1.0] * 8 + [-1.0] * 2
MASK = [False] * 8 + [True] * 2


@pytest.fixture(scope="module")
def problem():
    return cd.student_teacher(n_inputs=4, n_hidden=10, activation="tanh", n_train=12, trials=2)


SAID = {
    "mask": MASK,
    "tuple": tuple(MASK),
    "NumPy mask": np.array(MASK),
    "JAX mask": jnp.array(MASK),
    "pandas mask": pd.Series(MASK),
    "nullable pandas mask": pd.Series(MASK, dtype="boolean"),
    "mask in words": cd.Flips(mask=MASK),
    "indices": cd.Flips(indices=[9, 8]),
    "NumPy indices": cd.Flips(indices=np.array([8, 9])),
    "mapping": {"indices": [8, 9]},
    "strengths": LAST_TWO,
    "whole strengths": [int(s) for s in LAST_TWO],
    "mask per synapse": [MASK],
}


@pytest.mark.parametrize("form", SAID)
def test_every_form_flips_the_same_neurons(form):
    rule = cd.Plasticity(readout=SAID[form])
    np.testing.assert_array_equal(rule.strengths(**SIZES).readout, [LAST_TWO])
    found = rule.realised(**SIZES).readout
    assert (found.flipped, found.size, found.frozen, found.graded) == (2, 10, 0, 0)


@pytest.mark.parametrize("form", SAID)
def test_a_signature_reads_them_alike(form):
    flat = form == "mask per synapse"
    found = cd.Signature({"out.*": SAID[form]}, seed=None).strengths({"out.weight": (1, 10), "in.weight": (10, 4)})
    np.testing.assert_array_equal(found["out.weight"], [LAST_TWO])
    assert (found["in.weight"] == 1).all()
    if not flat:
        kernel = cd.Signature({"out.*": SAID[form]}, seed=None).strengths({"out.kernel": (10, 1)})["out.kernel"]
        np.testing.assert_array_equal(kernel, np.array([LAST_TWO]).T)


def test_counts_flip_so_many():
    rule = cd.Plasticity(hidden=cd.Flips(count=3), readout=cd.Flips(count=0))
    assert rule.strengths(**SIZES).hidden.tolist() == [[-1, -1, -1, 1]] * 10
    assert cd.Plasticity(hidden=cd.Flips(count=2), flips="postsynaptic").strengths(**SIZES).hidden[:, 0].sum() == 6
    seeded = [cd.Signature({"w.weight": cd.Flips(count=3)}, seed=s).strengths({"w.weight": (2, 50)}) for s in (0, 0, 1)]
    rows = [one["w.weight"][0] for one in seeded]
    assert [(row < 0).sum() for row in rows] == [3, 3, 3]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert (rows[0] != rows[2]).any()


def test_explicit_strengths_by_path_read_booleans_as_flips():
    params = {"w": np.ones((1, 3)), "b": np.zeros(1)}

    def f(p, x):
        return x @ p["w"].T + p["b"]

    network = cd.analysis.network(f, params, np.eye(3), strengths={"w": [False, True, True], "b": False})
    np.testing.assert_array_equal(network.named(network.strengths)["w"], [[1, -1, -1]])
    np.testing.assert_array_equal(network.named(network.strengths)["b"], [1])
    flat = network.with_strengths(np.array([True, False, False, True]))
    np.testing.assert_array_equal(flat.strengths, [-1, 1, 1, -1])


def test_optimizers_read_booleans_as_flips():
    optax, torch = pytest.importorskip("optax"), pytest.importorskip("torch")
    params = {"w": jnp.ones(3)}
    optimizer = cd.optimizers.curl_descent(0.5, {"w": jnp.array([True, False, True])})
    updates, _ = optimizer.update({"w": jnp.ones(3)}, optimizer.init(params), params)
    np.testing.assert_array_equal(optax.apply_updates(params, updates)["w"], [1.5, 0.5, 1.5])
    module = torch.nn.Linear(3, 1, bias=False)
    before = module.weight.detach().clone()
    step = cd.optimizers.torch.curl_descent(module, 0.5, {"weight": torch.tensor([[True, False, True]])})
    module.weight.grad = torch.ones(1, 3)
    step.step()
    np.testing.assert_allclose((module.weight - before).detach(), [[0.5, -0.5, 0.5]], rtol=1e-6)


def test_theory_reads_booleans_as_flips():
    rng = np.random.default_rng(0)
    w1, w2 = rng.normal(size=(5, 3)), rng.normal(size=(1, 5))
    d1, d2 = np.array([1.0, -1, 1]), np.array([-1.0, 1, 1, 1, -1])
    said = cd.theory.linear_stability(w1, w2, d1 < 0, d2 < 0).lambda_min
    assert said == cd.theory.linear_stability(w1, w2, d1, d2).lambda_min
    np.testing.assert_array_equal(cd.theory.invariants(w1, w2, d1 < 0, d2 < 0), cd.theory.invariants(w1, w2, d1, d2))
    both = [cd.theory.origin_spectrum([1.0, 2.0, 0.5], d1=a, d2=b) for a, b in ((d1 < 0, d2 < 0), (d1, d2))]
    assert (both[0].saddles, both[0].centres) == (both[1].saddles, both[1].centres)


REFUSED = {
    "booleans among numbers": (lambda: cd.Plasticity(readout=[True, 0.5]), "either strengths or booleans"),
    "booleans among whole numbers": (lambda: cd.Plasticity(readout=[True, 0, 1]), "either strengths or booleans"),
    "objects": (lambda: cd.Plasticity(readout=np.array([True, "a"], dtype=object)), "real numeric array"),
    "a hole": (lambda: cd.Plasticity(readout=np.ma.array(MASK, mask=[True] + [False] * 9)), "masked entries"),
    "no answer": (
        lambda: cd.Plasticity(readout=pd.Series([True, None], dtype="boolean")),
        "must be finite, got nan at index",
    ),
    "one boolean": (lambda: cd.Plasticity(readout=True), "readout plasticity must be a finite number, got True"),
    "a short mask": (lambda: cd.Plasticity(readout=[True, False]).strengths(**SIZES), r"shape \(10,\).*mask of shape"),
    "an index beyond": (
        lambda: cd.Plasticity(readout={"indices": [10]}).strengths(**SIZES),
        "0 to 9, got the index 10",
    ),
    "a negative index": (lambda: cd.Flips(indices=[-1]), "at least 0, got -1"),
    "an index twice": (lambda: cd.Flips(indices=[3, 3]), "got 3 twice"),
    "booleans as indices": (lambda: cd.Flips(indices=MASK), "booleans are a mask"),
    "numbers as a mask": (lambda: cd.Flips(mask=[0, 1]), "array of booleans"),
    "too many": (lambda: cd.Plasticity(hidden=cd.Flips(count=5)).strengths(**SIZES), "4 neurons, got a count of 5"),
    "two ways": (lambda: cd.Flips(count=1, fraction=0.5), "exactly one of"),
    "no way": (lambda: cd.Flips(), "exactly one of"),
    "another word": (lambda: cd.Plasticity(readout={"counts": 1}), "did you mean 'count'"),
    "Dale's law in booleans": (lambda: cd.analysis.dales_law([True, True], [False, True]), "1 or −1"),
    "signature, mixed": (lambda: cd.Signature({"*": [True, 2.0]}), "either strengths or booleans"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_told_is_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(cd.InputError, match=message):
        call()


def test_a_fraction_that_comes_to_none_warns_and_is_no_curl_descent():
    small = cd.student_teacher(n_inputs=4, n_hidden=8, n_train=12, trials=1)
    with pytest.warns(cd.PlasticityWarning, match=r"0\.1 of 8 hidden neurons comes to none") as caught:
        history = cd.train(small, [cd.Plasticity(), cd.Plasticity(readout=0.1)], epochs=2)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert history.rule.values.tolist() == ["GD", "GD (α_r = 0.1: 0 of 8)"]
    assert "0 of 8 hidden neurons flipped" in history.attrs["realised"]
    for call in (
        lambda: cd.Plasticity(readout=0.1).strengths(n_inputs=4, n_hidden=8, n_outputs=1),
        lambda: cd.flow(small, cd.Plasticity(readout=0.1), time=0.1),
        lambda: cd.field(small, cd.Plasticity(readout=0.1)),
        lambda: cd.analysis.learning_dynamics(small, cd.Plasticity(readout=0.1)),
        lambda: cd.Signature({"*.weight": 0.1}).strengths({"a.weight": (3, 8)}),
        lambda: cd.theory.Spectrum(0.5, hidden=0.1).sample(8, 0),
    ):
        with pytest.warns(cd.PlasticityWarning, match="comes to none"):
            call()


def test_what_flips_something_or_is_said_to_flip_nothing_is_silent(problem):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cd.Plasticity(readout=0.1, hidden=0.0).strengths(**SIZES)
        cd.Plasticity(readout=cd.Flips(count=0), hidden=[1.0, 0.0, 1.0, 1.0]).strengths(**SIZES)
        cd.Signature({"*.weight": 0.25}).strengths({"a.weight": (3, 8)})


def test_whole_numbers_that_look_like_a_mask_warn():
    with pytest.warns(cd.PlasticityWarning, match="8 of 10 frozen, none flipped"):
        rule = cd.Plasticity(readout=[int(m) for m in MASK])
    assert (rule.strengths(**SIZES).readout == np.array(MASK, dtype=float)).all()
    assert rule.label == "CD (readout strengths: 0 of 10 flipped, 8 frozen)"


def test_labels_say_what_is_realised(problem):
    rules = {
        "CD (α_r = 0.1)": cd.Plasticity(readout=0.1),
        "CD (α_h = 0.5, α_r = 0.25: 2 of 10)": cd.Plasticity(0.5, 0.25),
        "CD (readout: 2 of 10 flipped)": cd.Plasticity(readout=MASK),
        "CD (hidden: 1 of 4 flipped)": cd.Plasticity(hidden=cd.Flips(count=1)),
        "CD (hidden strengths: 1 of 4 flipped, 1 frozen, 2 graded)": cd.Plasticity(hidden=[-0.5, 0, 2, 1]),
        "GD (readout: 0 of 10 flipped)": cd.Plasticity(readout=[False] * 10),
    }
    for label, rule in rules.items():
        assert rule.realised_label(**SIZES) == label
    history = cd.train(problem, list(rules.values()), epochs=1)
    assert history.rule.values.tolist() == list(rules)


LAYOUTS = {
    "Flax": ("out.kernel", (10, 1), 0),
    "Flax NNX": ("out.kernel.value", (10, 1), 0),
    "Flax convolution": ("conv.kernel", (3, 3, 10, 4), 2),
    "Keras recurrent": ("lstm.recurrent_kernel", (10, 40), 0),
    "embedding": ("embed.embedding", (10, 4), 0),
    "PyTorch, Equinox": ("out.weight", (1, 10), 1),
    "PyTorch convolution": ("conv.weight", (4, 10, 3, 3), 1),
    "PyTorch recurrent": ("weight_ih_l0", (4, 10), 1),
    "attention": ("in_proj_weight", (30, 10), 1),
    "this library's": ("readout", (1, 10), 1),
}


@pytest.mark.parametrize("framework", LAYOUTS)
def test_layouts_are_recognised(framework):
    path, shape, axis = LAYOUTS[framework]
    found = cd.Signature({path: 0.5}).strengths({path: shape})[path]
    neurons = np.moveaxis(found, axis, 0).reshape(10, -1)
    assert (neurons == neurons[:, :1]).all()
    assert (neurons[:, 0] < 0).sum() == 5


def test_layouts_that_no_name_tells_are_refused_or_said():
    for path, shape in (("0.w", (10, 1)), ("w1", (8, 8)), ("query.kernel", (8, 2, 4)), ("conv.kernel", (3, 10, 4))):
        with pytest.raises(cd.InputError, match="presynaptic_axis"):
            cd.Signature({path: 0.5}).strengths({path: shape})
    said = cd.Signature({"*": 0.5}, seed=None, presynaptic_axis={"a.*": -2, "b.*": 1})
    found = said.strengths({"a.w": (4, 3), "b.w": (3, 4)})
    np.testing.assert_array_equal(found["a.w"], found["b.w"].T)
    # A matrix of strengths, all neurons, and a vector that fits one side only need no layout.
    assert (cd.Signature({"w": 1.0}).strengths({"w": (2, 3)})["w"] == -1).all()
    np.testing.assert_array_equal(cd.Signature({"w": [1, -1]}).strengths({"w": (2, 3)})["w"][:, 0], [1, -1])


def test_experiment_files_say_flips(tmp_path):
    from curldescent.learning.experiment_file import read_experiment

    (tmp_path / "e.toml").write_text(
        """
        [student_teacher]
        n_inputs = 4
        n_hidden = 10
        [rules.mask]
        readout = [false, false, false, false, false, false, false, false, true, true]
        [rules.indices]
        readout = { indices = [8, 9] }
        [rules.count]
        hidden = { count = 2 }
        [training]
        epochs = 2
        """
    )
    rules = read_experiment(tmp_path / "e.toml").rules
    for name in ("mask", "indices"):
        np.testing.assert_array_equal(rules[name].strengths(**SIZES).readout, [LAST_TWO])
    assert (rules["count"].strengths(**SIZES).hidden[0] < 0).sum() == 2


def test_the_command_line_says_what_is_realised(tmp_path, capsys):
    from curldescent.apps.cli.app import main

    rng = np.random.default_rng(0)
    pd.DataFrame(rng.normal(size=(20, 3)), columns=["a", "b", "y"]).to_csv(tmp_path / "d.csv", index=False)
    arguments = (
        f"train --data {tmp_path}/d.csv --targets y --n-hidden 8 --epochs 2 --trials 1 --out {tmp_path}/o".split()
    )
    for tokens in (arguments, [*arguments, "--json"]):
        with pytest.raises(SystemExit) as end:
            main(tokens)
        assert end.value.code == 0
        printed = capsys.readouterr()
        assert printed.err.count("comes to none") == 1
        assert "PlasticityWarning" not in printed.err
        assert "0 of 8" in printed.out
    numbers = json.loads(printed.out)
    assert numbers["result"]["rules"]["GD (α_r = 0.1: 0 of 8)"]["realised"]["readout"]["flipped"] == 0
    assert "comes to none" in numbers["warnings"][0]
