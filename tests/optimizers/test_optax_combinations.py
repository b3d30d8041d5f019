"""Curl descent in every place where `optax.sgd` can stand, beside `optax.sgd` there: all strengths one is the same, and
others are `optax.sgd` on gradients that are multiplied by the strengths before."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curldescent as cd

# A rate that every type holds exactly.
LR, STEPS = 0.125, 5
SIGNS = {"a": {"w": np.array([1.0, -1.0, 0.5]), "b": -1.0}, "c": 1.0}
ONES = {"a": {"w": 1.0, "b": 1.0}, "c": 1.0}


def start(dtype=jnp.float32):
    return {
        "a": {"w": jnp.array([[0.3, -0.2, 0.7], [1.1, 0.4, -0.6]], dtype), "b": jnp.array([0.5, -0.1], dtype)},
        "c": jnp.array(0.8, dtype),
    }


def loss(p, scale=1.0):
    """A saddle: quick to compile, and curl acts on it."""
    return (scale * (p["c"] * p["a"]["w"].sum() + p["a"]["b"].sum() ** 2 / 2)).astype(jnp.float32)


def signed(signs):
    """Multiplies gradients, in optax's own terms."""
    return optax.stateless(lambda g, _: jax.tree.map(lambda g, s: g * jnp.asarray(s, g.dtype), g, signs))


def ours(signs, lr=LR, **options):
    return cd.optimizers.curl_descent(lr, signs, **options)


def theirs(signs, lr=LR):
    return optax.chain(signed(signs), optax.sgd(lr))


def decaying(count):
    return LR / (1 + count)


def labels(params):
    return {"a": {"w": "x", "b": "y"}, "c": "x"}


def hidden(signs, name):
    """The signs where a label is, as masking hides the rest."""
    return jax.tree.map(lambda s, label: s if label == name else optax.MaskedNode(), signs, labels(None))


PLACES = {
    "alone": lambda make, signs: make(signs),
    "schedule": lambda make, signs: make(signs, decaying),
    "cosine": lambda make, signs: make(signs, optax.cosine_decay_schedule(LR, 4)),
    "chain": lambda make, signs: optax.chain(optax.clip_by_global_norm(0.1), make(signs), optax.scale(0.5)),
    "named_chain": lambda make, signs: optax.named_chain(("clip", optax.clip(0.05)), ("descent", make(signs))),
    "decay before": lambda make, signs: optax.chain(optax.add_decayed_weights(0.1), make(signs)),
    "momentum after": lambda make, signs: optax.chain(make(signs), optax.trace(0.9)),
    "masked": lambda make, signs: optax.masked(
        make(signs if make is ours else hidden(signs, "x")), jax.tree.map(lambda label: label == "x", labels(None))
    ),
    "MultiSteps": lambda make, signs: optax.MultiSteps(make(signs), 2).gradient_transformation(),
    "apply_if_finite": lambda make, signs: optax.apply_if_finite(make(signs), 3),
    "extra args": lambda make, signs: optax.with_extra_args_support(make(signs)),
    "ema": lambda make, signs: optax.chain(make(signs), optax.ema(0.5)),
    "freeze": lambda make, signs: optax.chain(make(signs), optax.masked(optax.set_to_zero(), {"a": True, "c": False})),
    "conditionally": lambda make, signs: optax.conditionally_transform(make(signs), lambda step: step % 2 == 0),
}


def trained(optimizer, *, how="jit", dtype=jnp.float32):
    params = start(dtype)

    def step(carry, scale):
        params, state = carry
        grads = jax.grad(loss)(params, scale)
        updates, state = optimizer.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), jax.tree.leaves(updates)

    carry = params, optimizer.init(params)
    scales = jnp.array([1.0, 2.0, jnp.nan, 0.5, 1.5])[:STEPS] if how == "nan" else jnp.linspace(1, 2, STEPS)
    if how == "scan":
        carry, updates = jax.jit(lambda c: jax.lax.scan(step, c, scales))(carry)
        return carry[0], [u[-1] for u in updates]
    step = jax.jit(step) if how in ("jit", "nan") else step
    for scale in scales:
        carry, updates = step(carry, scale)
    return carry[0], updates


def alike(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert x.dtype == y.dtype
        eps = float(jnp.finfo(x.dtype).eps)
        np.testing.assert_allclose(np.asarray(x, np.float64), np.asarray(y, np.float64), rtol=8 * eps, atol=8 * eps)


@pytest.mark.parametrize("place", PLACES)
def test_where_sgd_can_stand(place):
    signs = ONES if place in ("alone", "chain") else SIGNS
    how = {"apply_if_finite": "nan", "MultiSteps": "scan", "alone": "scan"}.get(place, "jit")
    build = PLACES[place]
    alike(trained(build(ours, signs), how=how), trained(build(theirs, signs), how=how))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("lr", [LR, decaying, "array"], ids=["number", "schedule", "array"])
def test_updates_have_the_gradients_type(dtype, lr):
    with jax.enable_x64(dtype == "float64"):
        lr = jnp.asarray(LR, jnp.float32) if lr == "array" else lr
        optimizer, params = ours(SIGNS, lr, amount=lambda count: 1.0 / (1 + count)), start(dtype)
        updates, state = optimizer.update(params, optimizer.init(params), params)
        reference = optax.chain(signed(SIGNS), optax.scale_by_learning_rate(lambda count: LR))
        alike(updates, reference.update(params, reference.init(params), params)[0])
        mixed = params | {"c": params["c"].astype(jnp.float32)}
        updates, _ = optimizer.update(mixed, state, start(jnp.float32))
        assert jax.tree.map(jnp.result_type, updates) == jax.tree.map(jnp.result_type, mixed)


def final(lr, amount=1.0, signs=SIGNS, optimizer=None):
    return trained(optimizer or ours(signs, lr, amount=amount), how="scan")[0]


def test_vmap_over_rates_amounts_and_strengths():
    rates = jnp.array([0.0, 0.05, 0.2])
    found = jax.jit(jax.vmap(final))(rates)
    for i, lr in enumerate(rates):
        alike(jax.tree.map(lambda x, i=i: x[i], found), trained(theirs(SIGNS, float(lr)))[0])
    amounts = jnp.array([0.0, 0.5])
    found = jax.jit(jax.vmap(partial(final, LR)))(amounts)
    alike(jax.tree.map(lambda x: x[0], found), trained(theirs(ONES))[0])
    flips = jnp.array([[1.0, 1.0, 1.0], [1.0, -1.0, 0.5]])
    found = jax.jit(jax.vmap(lambda s: final(LR, signs={"a": {"w": s, "b": -1.0}, "c": 1.0})))(flips)
    alike(jax.tree.map(lambda x: x[1], found), trained(theirs(SIGNS))[0])


def test_inject_hyperparams_under_jit():
    injected = optax.inject_hyperparams(cd.optimizers.curl_descent)(decaying, SIGNS, amount=1.0)
    alike(trained(injected), trained(theirs(SIGNS, decaying)))
    still = optax.inject_hyperparams(cd.optimizers.scale_by_signature)(SIGNS, amount=1.0)
    alike(trained(optax.chain(still, optax.sgd(LR))), trained(theirs(SIGNS)))
    corrected = optax.inject_hyperparams(cd.optimizers.curl_descent)(
        LR, SIGNS, correction="sga", correction_strength=0.5
    )
    plain = ours(SIGNS, correction="sga", correction_strength=0.5)
    params = start()
    found = [
        jax.jit(lambda p, s, o=o: o.update(jax.grad(loss)(p), s, p, grad_fn=jax.grad(loss)))(params, o.init(params))[0]
        for o in (corrected, plain)
    ]
    alike(*found)


def test_one_can_differentiate_through_it():
    def after(lr, build):
        return loss(trained(build(SIGNS, lr), how="loop")[0])

    slope = jax.jit(jax.grad(after), static_argnums=1)
    np.testing.assert_allclose(slope(0.1, ours), slope(0.1, lambda s, lr: theirs(s, lambda _: lr)), rtol=1e-5)


@pytest.mark.parametrize("named", [True, False], ids=["by name", "by tree"])
def test_one_signature_serves_the_parts_of_a_network(named):
    signature = cd.Signature({"a.w": 1.0, "a.b": [-1.0, 1.0], "c": 0.0}, seed=0)
    signs = {"a": {"w": -1.0, "b": jnp.array([-1.0, 1.0])}, "c": 1.0}
    given = signature if named else signs
    parts = optax.multi_transform({"x": ours(given), "y": ours(given, 0.3)}, labels)
    reference = optax.multi_transform({"x": theirs(hidden(signs, "x")), "y": theirs(hidden(signs, "y"), 0.3)}, labels)
    alike(trained(parts), trained(reference))
    with pytest.raises(cd.InputError, match="no parameter matches 'd'"):
        optax.masked(ours(cd.Signature({"d": 1.0})), True).init(start())


class Pair(NamedTuple):
    w: jax.Array
    none: None
    empty: dict


@partial(jax.tree_util.register_dataclass, data_fields=["w"], meta_fields=["name"])
@dataclass
class Layer:
    w: jax.Array
    name: str = "layer"


W = jnp.array([1.0, 2.0])
TREES = {
    "an array": (W, "params"),
    "a tuple with a named tuple": ((Pair(W, None, {}),), "0.w"),
    "a dataclass": (Layer(W), "w"),
    "a list": ([W, None], "0"),
    "numpy": ({"w": np.ones(2, np.float32)}, "w"),
}


@pytest.mark.parametrize("tree", TREES)
def test_trees_of_every_form(tree):
    params, name = TREES[tree]
    optimizer = ours(cd.Signature({name: [-1.0, 1.0]}))
    updates, state = jax.jit(optimizer.update)(params, optimizer.init(params), params)
    reference = optax.chain(optax.scale(jnp.array([-1.0, 1.0])), optax.sgd(LR))
    alike(updates, reference.update(params, reference.init(params), params)[0])
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(state))
    shapes = jax.eval_shape(optimizer.init, params)
    assert jax.tree.structure(shapes) == jax.tree.structure(state)


def test_empty_trees_and_missing_gradients():
    optimizer = ours(cd.Signature({"w": 1.0}))
    assert optimizer.update({}, optimizer.init({}))[0] == {}
    params = {"w": W, "n": jnp.array(3)}
    updates, _ = optimizer.update({"w": W, "n": None}, optimizer.init(params), params)
    assert updates["n"] is None
    np.testing.assert_allclose(updates["w"], LR * W)
    zero = np.zeros((), jax.dtypes.float0)
    assert optimizer.update({"w": W, "n": zero}, optimizer.init(params), params)[0]["n"].dtype == jax.dtypes.float0


def test_flattened_and_lookahead_and_state_tools():
    flat = optax.flatten(cd.optimizers.curl_descent(LR, np.repeat([-1.0, 1.0], [2, 7])))
    signs = {"a": {"w": 1.0, "b": -1.0}, "c": 1.0}
    alike(trained(flat), trained(theirs(signs)))
    params = optax.LookaheadParams.init_synced(start())
    found = []
    for build in (ours, theirs):
        optimizer = optax.lookahead(build(SIGNS), sync_period=2, slow_step_size=0.5)
        state, p = optimizer.init(params), params
        for _ in range(3):
            updates, state = jax.jit(optimizer.update)(jax.grad(loss)(p.fast), state, p)
            p = optax.apply_updates(p, updates)
        found.append(p)
    alike(*found)
    optimizer = ours(cd.Signature({"a.w": 0.5}, presynaptic_axis=1))
    state = optimizer.init(start())
    doubled = optax.tree_map_params(optimizer, lambda x: 2 * x, state)
    alike(doubled.strengths, jax.tree.map(lambda x: 2 * x, state.strengths))
    assert int(optax.tree_utils.tree_get(optimizer.update(start(), state, start())[1], "count")) == 1


def test_donated_states_leave_the_users_strengths_alone():
    signs = {"w": jnp.array([1.0, -1.0])}
    optimizer = ours(signs)
    step = jax.jit(lambda g, s: optimizer.update(g, s), donate_argnums=1)
    step({"w": W}, optimizer.init({"w": W}))
    np.testing.assert_array_equal(signs["w"], [1, -1])
    optimizer.init({"w": W})


def test_complex_parameters():
    z = {"z": jnp.array([1 + 2j, 3 - 1j])}
    optimizer = ours({"z": [1.0, -1.0]})
    updates, _ = optimizer.update(z, optimizer.init(z), z)
    assert updates["z"].dtype == z["z"].dtype
    np.testing.assert_allclose(updates["z"], [-LR * (1 + 2j), LR * (3 - 1j)], rtol=1e-6)
    optimizer = ours({"z": [1.0, -1.0]}, correction="sga")
    with pytest.raises(cd.InputError, match="real parameters"):
        optimizer.update(z, optimizer.init(z), z, grad_fn=lambda p: p)


def test_sharded_over_devices():
    """On one device here; state and updates are plain arrays, so that they go through `shard_map`."""
    mesh = jax.make_mesh((1,), ("i",))
    optimizer = ours({"w": [1.0, -1.0]})

    def step(p):
        state = optimizer.init(p)
        return optimizer.update(p, state, p)[0]

    spec = jax.sharding.PartitionSpec()
    found = jax.jit(jax.shard_map(step, mesh=mesh, in_specs=({"w": spec},), out_specs={"w": spec}))({"w": W})
    np.testing.assert_allclose(found["w"], [-LR, 2 * LR], rtol=1e-6)


REFUSED = {
    "rates": (
        lambda: jax.jit(lambda x: ours(ONES, x) and 0)(jnp.ones(2)),
        r"learning_rate must be one real number, got .*\(2,\)",
    ),
    "whether": (
        lambda: jax.jit(lambda x: ours(ONES, LR, amount=x) and 0)(True),
        "amount must be one real number, got bool",
    ),
    "negative": (lambda: ours(ONES, jnp.asarray(-0.1)), "zero or a positive number"),
    "strengths": (
        lambda: jax.jit(lambda s: ours({"w": s}).init({"w": W}).count)(jnp.ones(3)),
        r"'w' must broadcast to the parameter's shape \(2,\), got \(3,\)",
    ),
    "a name twice": (
        lambda: ours(cd.Signature({"*": 1.0})).init({"a": {"b": W}, "a.b": W}),
        "two parameters are called 'a.b'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case):
    call, message = REFUSED[case]
    with pytest.raises(cd.InputError, match=message):
        call()
