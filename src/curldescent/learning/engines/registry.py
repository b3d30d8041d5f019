"""Which engine runs an experiment. The choice is about time only: every engine computes what the rule says."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.engines.side_by_side import SideBySide
from curldescent.learning.experiment import Experiment

if TYPE_CHECKING:
    from curldescent.learning.engines.contract import Engine, Kind

# Names of engines → the modules that fulfil `contract.Kind`, in the order in which "auto" asks them.
_MODULES = {
    "order-parameters": "curldescent.learning.engines.reduced",
    "fused": "curldescent.learning.engines.fused",
    "jax": "curldescent.learning.engines.reference",
}


def engines() -> tuple[str, ...]:
    """What `train(engine=…)` accepts.

    Example:
        >>> engines()
        ('auto', 'order-parameters', 'fused', 'jax')
    """
    return ("auto", *_MODULES)


def register(name: str, module: str, *, before: str | None = None) -> None:
    """Add an engine.

    Args:
        name: what `train(engine=…)` calls it.
        module: its module's full name; imported when it is asked.
        before: the engine that "auto" asks after this one; None: asked last.

    Raises:
        InputError: a name that is taken, or a `before` that is not there.
    """
    if name in engines():
        raise InputError(f"there is an engine {name!r} already")
    if before is not None:
        validation.choice("before", before, tuple(_MODULES))
    items = list(_MODULES.items())
    place = len(items) if before is None else [key for key, _ in items].index(before)
    items.insert(place, (name, module))
    _MODULES.clear()
    _MODULES.update(items)


def build_engine(experiment: Experiment, *, engine: str, dtype: str, threads: int | None, epochs: int) -> "Engine":
    """The engine asked for, or the fastest one that can run each rule of the experiment: `chosen`, then `built`.

    Args:
        experiment: what to run.
        engine: one of `engines()`.
        dtype: "float64" or "float32".
        threads: for the CPU kernels; None for all cores.
        epochs: how long the run will be.

    Returns:
        An `Engine`, not yet advanced.

    Raises:
        InputError: an unknown name, or an engine that cannot run this experiment.
    """
    names = chosen(experiment, engine=engine, dtype=dtype, epochs=epochs)
    return built(experiment, names, dtype=dtype, threads=threads)


def chosen(experiment: Experiment, *, engine: str, dtype: str, epochs: int) -> tuple[str, ...]:
    """The name of the engine that runs each rule, which is up to that rule alone.

    Args:
        experiment: what to run.
        engine: one of `engines()`.
        dtype: "float64" or "float32".
        epochs: how long the run will be.

    Returns:
        One name a rule; the same for any of the experiment's trials.

    Raises:
        InputError: an unknown name, or an engine that cannot run this experiment.
    """
    validation.choice("engine", engine, engines())
    return tuple(_of_one(experiment.of_rules([rule]), engine, dtype, epochs) for rule in range(experiment.rules))


def built(experiment: Experiment, names: Sequence[str], *, dtype: str, threads: int | None) -> "Engine":
    """The engines of an experiment, as one.

    A rule is computed in the same way, to the bit, whatever other rules there are.

    Args:
        experiment: what to run: all the trials for which the engines were chosen, or some of them.
        names: of `chosen`.
        dtype: "float64" or "float32".
        threads: for the CPU kernels; None for all cores.

    Returns:
        An `Engine`, not yet advanced.

    Raises:
        InputError: a number of threads that is none.
    """
    if threads is not None:
        threads = validation.integer("threads", threads, minimum=1)
    ways: dict[tuple[str, object], list[int]] = {}
    for rule, name in enumerate(names):
        ways.setdefault((name, _kind(name).way(experiment.of_rules([rule]))), []).append(rule)
    engines = [
        _kind(name).build(experiment.of_rules(own), dtype=dtype, threads=threads) for (name, _), own in ways.items()
    ]
    return engines[0] if len(engines) == 1 else SideBySide(engines, list(ways.values()))


def _of_one(alone: Experiment, engine: str, dtype: str, epochs: int) -> str:
    """The engine that runs an experiment of one rule."""
    if engine != "auto":
        why = _kind(engine).refusal(alone, dtype)
        if why is not None:
            raise InputError(f'engine="{engine}" {why}; use engine="auto"')
        return engine
    whys = []
    for name in _MODULES:
        why = _kind(name).refusal(alone, dtype)
        if why is None and _kind(name).worth(alone, epochs):
            return name
        whys.append(f"{name} {why}")
    raise InputError(f"no engine runs this experiment: {'; '.join(whys)}")


def _kind(name: str) -> "Kind":
    return import_module(_MODULES[name])  # type: ignore[return-value]
