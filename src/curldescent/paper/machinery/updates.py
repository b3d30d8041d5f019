"""Arms of controls whose updates are transformed, in optax's terms: momentum at the same total step, matched noise."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.model.flips import Flips
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery import controls, to_threshold

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem


def heavy_ball(decay: float) -> Any:
    """The heavy ball v ← μ v + S ∘ signal, W ← W − (1 − μ)·step·v.

    The factor 1 − μ makes the steps that one signal causes add up to the same total as without momentum.

    Args:
        decay: μ.

    Source: Polyak, Comput. Math. Math. Phys. 4 (1964) 1.
    """
    import optax

    return optax.chain(optax.trace(decay=decay), optax.scale(1 - decay))


class MatchedNoise:
    """Noise on the readout of the size of curl descent's departure from gradient descent, of one trial.

    "readout": a random vector of the length that the difference between curl descent's and gradient descent's update
    would have here and now, 2·step·|signal of the first synapse|, in a random direction of the layer, new at every
    update. "resampled": one readout neuron, drawn anew at every update, is flipped for that update only.

    Args:
        kind: "readout" or "resampled".
        seed: of the run; trials have streams of their own.

    Source: docs/speedup.md.
    """

    def __init__(self, kind: str, seed: int) -> None:
        self._kind, self._seed = kind, seed

    def __call__(self, trial: int) -> Any:
        """The transformation of a trial; those of all trials share the update, and so what is compiled."""
        import jax
        import optax

        # JAX's keys take no larger seeds: those of sweeps have 60 bits.
        seed = int(np.random.SeedSequence([self._seed, trial]).generate_state(1)[0])
        return optax.GradientTransformation(lambda params: jax.random.key(seed), self._update)

    def _update(self, updates: Any, key: Any, params: Any) -> tuple[Any, Any]:
        import jax
        import jax.numpy as jnp

        *others, readout = updates
        key, drawn = jax.random.split(key)
        if self._kind == "readout":
            length = 2 * jnp.sqrt(jnp.sum(readout[:, :1] ** 2))
            direction = jax.random.normal(drawn, readout.shape, readout.dtype)
            moved = readout + length * direction / jnp.sqrt(jnp.sum(direction**2))
        else:
            chosen = jax.random.randint(drawn, (), 0, readout.shape[1])
            moved = jnp.where(jnp.arange(readout.shape[1]) == chosen, -readout, readout)
        return (*others, moved), key


def arm_by_loop(
    trials: int, n_train: int, epochs: int, flips: int = 0, momentum: float = 0.0, noise: str = "none"
) -> "xr.Dataset":
    """Epochs to the threshold for the students of the base setting.

    Args:
        trials: how many of them.
        n_train: samples.
        epochs: the most a run gets.
        flips: flipped readout neurons, the first ones.
        momentum: μ of `heavy_ball`; 0 for none.
        noise: of `MatchedNoise`, or "none".

    Returns:
        A dataset with one arm, as `controls.arms_dataset` makes it.
    """
    problem, seed = controls.base_problem(trials, n_train)
    transform = heavy_ball(momentum) if momentum else None if noise == "none" else MatchedNoise(noise, seed)
    rule = Plasticity(readout=Flips(count=flips))
    return arm(problem, rule, batch=controls.BATCH, epochs=epochs, seed=seed, transform=transform)


def arm(
    problem: "Problem", rule: Plasticity, *, batch: int, epochs: int, seed: int = 0, transform: Any = None
) -> "xr.Dataset":
    """Epochs to the threshold of every trial of a problem, by the reference engine.

    Args:
        problem: students and targets.
        rule: the plasticity.
        batch: b.
        epochs: the most a run gets.
        seed: of the sample orders.
        transform: of the updates, as `curldescent.train` takes it.

    Returns:
        A dataset with one arm. A trial that never got there counts with the last epoch, as in the paper.
    """
    history = to_threshold.trained(problem, rule, epochs, batch_size=batch, transform=transform, seed=seed)
    return controls.arms_dataset({"arm": (history.needed.values, history.reached.values)})


def arguments(size: controls.Size, more: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `arm_by_loop` at a size."""
    return {"trials": size.trials, "n_train": size.many, "epochs": size.epochs, **more}
