"""Controls that the engines have no words for: momentum, noise, more than two layers; one compiled loop in JAX.

Without any of them the loop computes what `training/rule.py` defines, epoch for epoch.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import optional, validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.learning.schedule import ORDER_BYTES, SampleOrders
from curldescent.model import forward

if TYPE_CHECKING:
    from curldescent.model.problem import Problem

Array = NDArray[np.float64]
NOISES = ("none", "readout", "resampled")


class Variant(NamedTuple):
    """The static choices of a run.

    Attributes:
        activation: φ of every layer, the last included.
        batch: b; divides the number of samples.
        preserve_norms: rescale every layer to its initial Frobenius norm after every update.
        momentum: μ of the heavy ball v ← μ v + S ∘ signal, W ← W − (1 − μ)·step·v: the factor 1 − μ makes the steps
            that one signal causes add up to the same total as without momentum.
        noise: "none". "readout": the update of the readout gets a random vector of the length that the difference
            between curl descent's and gradient descent's update would have here and now, 2·step·|signal of the
            flipped synapses|, in a random direction of the readout layer, new at every update. "resampled": one
            readout neuron, drawn anew at every update, is flipped for that update only.
        flipped: how many of the first readout neurons the noise is measured on.
    """

    activation: str
    batch: int
    preserve_norms: bool = True
    momentum: float = 0.0
    noise: str = "none"
    flipped: int = 1


class _State(NamedTuple):
    weights: Any
    velocity: Any
    key: Any


def problem_layers(problem: "Problem") -> tuple[Array, ...]:
    """The weights of a two-layer student as a list of layers, each (T, post, pre)."""
    return problem.student.hidden, problem.student.readout


def epochs_until(
    problem: "Problem",
    layers: Sequence[Array],
    strengths: Sequence[Array],
    variant: Variant,
    *,
    targets: Array | None = None,
    threshold: float,
    record: Sequence[int],
    learning_rate: float = 0.1,
    seed: int = 0,
) -> tuple[NDArray[np.int64], Array]:
    """Train every trial and find the first recorded epoch whose training error is below a threshold.

    Args:
        problem: inputs and, unless `targets` says otherwise, targets.
        layers: weights at the start, each (T, post, pre), the first from the inputs.
        strengths: S of every layer, broadcastable to (post, pre).
        variant: the static choices.
        targets: (T, P, O), where they are not the problem's.
        threshold: training error to fall below.
        record: increasing epochs to look at; the last one ends the run.
        learning_rate: η, the total step of one epoch.
        seed: of sample orders, as in `curldescent.train`, and of the noise.

    Returns:
        Epochs (T,), the last recorded one where the error never fell below (the paper's convention), and the last
        training error seen (T,), NaN for a trial that diverged.

    Raises:
        InputError: an unknown noise, a momentum outside [0, 1), or a batch that does not divide the samples.

    Source: Polyak, Comput. Math. Math. Phys. 4 (1964) 1, for the heavy ball; docs/speedup.md for the noise.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> p = cd.student_teacher(n_inputs=5, n_hidden=3, activation="tanh", n_train=20, trials=2)
        >>> plain = Variant("tanh", batch=10)
        >>> record = range(0, 500, 10)
        >>> epochs, error = epochs_until(
        ...     p, problem_layers(p), (np.ones(5), np.ones(3)), plain, threshold=1e-2, record=record
        ... )
        >>> bool((error < 1e-2).all())
        True
    """
    validation.choice("noise", variant.noise, NOISES)
    samples = problem.n_train
    if not 0 <= variant.momentum < 1:
        raise InputError(f"momentum must be at least 0 and below 1, got {variant.momentum:g}")
    if samples % variant.batch:
        raise InputError(f"the batch must divide the {samples} samples, got {variant.batch}")
    wanted = np.asarray(problem.train_outputs() if targets is None else targets)
    trials = len(layers[0])
    wanted = np.broadcast_to(wanted, (trials, *wanted.shape[1:]))
    reached = np.full(trials, record[-1], dtype=np.int64)
    last = np.full(trials, np.nan)
    chunk = max(1, ORDER_BYTES // (4 * samples))
    with arithmetic():
        inputs = jnp.asarray(problem.inputs)
        signs = tuple(
            jnp.broadcast_to(jnp.asarray(s, float), w.shape[1:]) for s, w in zip(strengths, layers, strict=True)
        )
        # One trial after the other: vmap would make every trial wait for the slowest.
        for trial in range(trials):
            weights = tuple(jnp.asarray(w[trial]) for w in layers)
            norms = tuple(jnp.sqrt(jnp.sum(w * w)) for w in weights)
            fixed = inputs, jnp.asarray(wanted[trial]), signs, norms, learning_rate / samples
            state = _State(weights, _momentum(variant).init(weights), jax.random.key(_noise_seed(seed, trial)))
            orders = SampleOrders(seed=seed, trials=1, samples=samples, first_trial=trial)
            epoch = 0
            for target in record:
                while epoch < target:
                    count = min(target - epoch, chunk)
                    order = np.zeros((chunk, samples), dtype=np.int32)
                    order[:count] = orders.take(count)[:, 0]
                    state = _advance(state, fixed, order, count, variant)
                    epoch += count
                last[trial] = float(_error(state.weights, inputs, fixed[1], variant.activation))
                if last[trial] < threshold:
                    reached[trial] = target
                    break
                if not np.isfinite(last[trial]):
                    last[trial] = np.nan
                    break
    return reached, last


def signals(weights: Any, inputs: Any, targets: Any, activation: str) -> tuple[Any, ...]:
    """Batch-mean error signals of every layer, for the paper's output error e = ŷ − y.

    Args:
        weights: of every layer, (post, pre).
        inputs: (b, M).
        targets: (b, O).
        activation: φ.

    Returns:
        One array a layer, of its weights' shape: `rule.gradients` for any depth.
    """
    seen = [inputs]
    for w in weights:
        seen.append(forward.activate(activation, seen[-1] @ w.T, jnp))
    error = seen[-1] - targets
    out = []
    for layer in range(len(weights) - 1, -1, -1):
        out.append(error.T @ seen[layer] / inputs.shape[0])
        if layer:
            error = (error @ weights[layer]) * forward.slope(activation, seen[layer], jnp)
    return tuple(reversed(out))


def _noise_seed(seed: int, trial: int) -> int:
    """A 32-bit seed for JAX, whose keys take no larger ones: sweeps derive seeds of 60 bits."""
    return int(np.random.SeedSequence([seed, trial]).generate_state(1)[0])


def _momentum(variant: Variant) -> Any:
    optional.require("optax", purpose="momentum")
    import optax

    return optax.trace(decay=variant.momentum) if variant.momentum else optax.identity()


def _noisy(signs: Any, signal: Any, key: Any, variant: Variant) -> Any:
    """S ∘ signal with the noise on the readout, in units of the step."""
    moves = [s * g for s, g in zip(signs, signal, strict=True)]
    readout = signal[-1]
    if variant.noise == "readout":
        length = 2 * jnp.sqrt(jnp.sum(readout[:, : variant.flipped] ** 2))
        direction = jax.random.normal(key, readout.shape, readout.dtype)
        moves[-1] = moves[-1] + length * direction / jnp.sqrt(jnp.sum(direction**2))
    elif variant.noise == "resampled":
        chosen = jax.random.randint(key, (), 0, readout.shape[1])
        moves[-1] = jnp.where(jnp.arange(readout.shape[1]) == chosen, -moves[-1], moves[-1])
    return tuple(moves)


@partial(jax.jit, static_argnames="variant")
def _advance(state: _State, fixed: Any, orders: Any, count: Any, variant: Variant) -> _State:
    inputs, targets, signs, norms, step = fixed
    batch = variant.batch
    momentum = _momentum(variant)
    size = step * batch * (1 - variant.momentum)

    def update(i: Any, carried: Any) -> Any:
        (weights, velocity, key), order = carried
        chosen = jax.lax.dynamic_slice_in_dim(order, i * batch, batch)
        signal = signals(weights, inputs[chosen], targets[chosen], variant.activation)
        if variant.noise != "none":
            key, drawn = jax.random.split(key)
            moves = _noisy(signs, signal, drawn, variant)
        else:
            moves = tuple(s * g for s, g in zip(signs, signal, strict=True))
        moves, velocity = momentum.update(moves, velocity)
        weights = tuple(w - size * m for w, m in zip(weights, moves, strict=True))
        if variant.preserve_norms:
            weights = tuple(w * (n / jnp.sqrt(jnp.sum(w * w))) for w, n in zip(weights, norms, strict=True))
        return _State(weights, velocity, key), order

    def epoch(i: Any, state: _State) -> _State:
        learned: _State = jax.lax.fori_loop(0, len(inputs) // batch, update, (state, orders[i]))[0]
        return learned

    out: _State = jax.lax.fori_loop(0, count, epoch, state)
    return out


@partial(jax.jit, static_argnames="activation")
def _error(weights: Any, inputs: Any, targets: Any, activation: str) -> Any:
    seen = inputs
    for w in weights:
        seen = forward.activate(activation, seen @ w.T, jnp)
    return forward.error(seen, targets, jnp)
