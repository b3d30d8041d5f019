"""Which engine runs an experiment. The choice is about time only: every engine computes what `rule.update` says."""

from typing import TYPE_CHECKING

from curldescent import validation
from curldescent.errors import InputError
from curldescent.training.setup import Experiment

if TYPE_CHECKING:
    from curldescent.training.fused_engine import FusedEngine
    from curldescent.training.jax_engine import JaxEngine

ENGINES = ("auto", "fused", "order-parameters", "jax")

# Order parameters are taken where they leave at most this share of the hidden neurons …
WORTH_REDUCING = 0.75
# … and where the updates pay for the change of coordinates, about as many operations as this many updates per input.
UPDATES_PER_INPUT = 2


def build_engine(
    experiment: Experiment, *, engine: str, dtype: str, threads: int | None, epochs: int
) -> "FusedEngine | JaxEngine":
    """The engine asked for, or the fastest one that can run the experiment.

    Args:
        experiment: what to run.
        engine: one of `ENGINES`.
        dtype: "float64" or "float32"; single precision is JAX's.
        threads: for the CPU kernels; None for all cores.
        epochs: how long the run will be.

    Returns:
        A stepper, not yet advanced.

    Raises:
        InputError: an unknown name, or an engine that cannot run this experiment.
    """
    validation.choice("engine", engine, ENGINES)
    if threads is not None:
        threads = validation.integer("threads", threads, minimum=1)
    if uses_jax(engine, dtype):
        from curldescent.training.jax_engine import JaxEngine

        return JaxEngine(experiment, dtype=dtype)
    if dtype != "float64":
        raise InputError(f'the {engine!r} engine computes in float64, got dtype {dtype!r}; use engine="jax"')
    if engine == "order-parameters" or (engine == "auto" and experiment.activation == "linear"):
        from curldescent.training.order_parameters import OrderParameterEngine, reduced_widths, reducible

        able = reducible(experiment)
        if engine == "order-parameters" and not able:
            raise InputError(
                'engine="order-parameters" needs a linear hidden layer and hidden strengths that are given per neuron; '
                'use engine="auto"'
            )
        if engine == "order-parameters" or (
            able and _worth_reducing(experiment, max(reduced_widths(experiment)), epochs)
        ):
            return OrderParameterEngine(experiment, threads=threads)
    from curldescent.training.fused_engine import FusedEngine

    return FusedEngine(experiment, threads=threads)


def uses_jax(engine: str, dtype: str) -> bool:
    """Whether that choice means the JAX engine: asked for, or the only one with single precision."""
    return engine == "jax" or (engine == "auto" and dtype == "float32")


def _worth_reducing(experiment: Experiment, width: int, epochs: int) -> bool:
    updates = epochs * -(-experiment.samples // experiment.batch)
    return (
        width <= WORTH_REDUCING * experiment.hidden.shape[1]
        and updates >= UPDATES_PER_INPUT * experiment.inputs.shape[1]
    )
