"""Which engine runs an experiment. The choice is about time only: every engine computes what `rule.update` says."""

from typing import TYPE_CHECKING, NamedTuple

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.engines.side_by_side import SideBySide
from curldescent.learning.experiment import Experiment

if TYPE_CHECKING:
    from curldescent.learning.engines.fused import FusedEngine
    from curldescent.learning.engines.reference import JaxEngine

ENGINES = ("auto", "fused", "order-parameters", "jax")

# Order parameters are taken where they leave at most this share of the hidden neurons …
WORTH_REDUCING = 0.75
# … and where the updates pay for the change of coordinates, about as many operations as this many updates per input.
UPDATES_PER_INPUT = 2


class Way(NamedTuple):
    """How a rule's students are computed. Rules that go the same way go together without a trace of each other."""

    engine: str
    """"fused" or "order-parameters"."""
    kernel: int
    """What else decides about the order of sums: whether strengths are per synapse, or the width of a layout."""


def build_engine(
    experiment: Experiment, *, engine: str, dtype: str, threads: int | None, epochs: int
) -> "FusedEngine | JaxEngine | SideBySide":
    """The engine asked for, or the fastest one that can run each rule of the experiment.

    A rule is computed in the same way, to the bit, whatever other rules there are.

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
        from curldescent.learning.engines.reference import JaxEngine

        return JaxEngine(experiment, dtype=dtype)
    if dtype != "float64":
        raise InputError(f'the {engine!r} engine computes in float64, got dtype {dtype!r}; use engine="jax"')
    ways: dict[Way, list[int]] = {}
    for rule in range(experiment.rules):
        ways.setdefault(_way(experiment.of_rules([rule]), engine, epochs), []).append(rule)
    engines = [_compiled(experiment.of_rules(own), way, threads) for way, own in ways.items()]
    return engines[0] if len(engines) == 1 else SideBySide(engines, list(ways.values()))


def uses_jax(engine: str, dtype: str) -> bool:
    """Whether that choice means the JAX engine: asked for, or the only one with single precision."""
    return engine == "jax" or (engine == "auto" and dtype == "float32")


def _way(alone: Experiment, engine: str, epochs: int) -> Way:
    """How a rule is computed, which is up to that rule alone: its numbers must not depend on the others."""
    from curldescent.learning.engines.fused import takes_one_sweep
    from curldescent.learning.engines.fused_students import factored
    from curldescent.learning.engines.reduced import reduced_widths, reducible

    if engine in ("auto", "order-parameters") and alone.activation == "linear":
        able = reducible(alone)
        width = reduced_widths(alone)[0] if able else 0
        if able and (engine == "order-parameters" or _worth_reducing(alone, width, epochs)):
            # Padding leaves no trace in the sweep; in the general kernel it would.
            return Way("order-parameters", 0 if takes_one_sweep(alone) else width)
    if engine == "order-parameters":
        raise InputError(
            'engine="order-parameters" needs a linear hidden layer and hidden strengths that are given per neuron; '
            'use engine="auto"'
        )
    return Way("fused", factored(alone.hidden_strengths[0]) is None)


def _compiled(experiment: Experiment, way: Way, threads: int | None) -> "FusedEngine":
    from curldescent.learning.engines.fused import FusedEngine
    from curldescent.learning.engines.reduced import OrderParameterEngine

    kind = OrderParameterEngine if way.engine == "order-parameters" else FusedEngine
    return kind(experiment, threads=threads)


def _worth_reducing(experiment: Experiment, width: int, epochs: int) -> bool:
    updates = epochs * -(-experiment.samples // experiment.batch)
    return (
        width <= WORTH_REDUCING * experiment.hidden.shape[1]
        and updates >= UPDATES_PER_INPUT * experiment.inputs.shape[1]
    )
