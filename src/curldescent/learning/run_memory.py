"""How much memory a run takes, known before it starts."""

from curldescent.foundation.errors import InputError
from curldescent.foundation.memory import available, require
from curldescent.learning.experiment import Experiment
from curldescent.learning.schedule import ORDER_BYTES
from curldescent.model.problem import Problem

# Copies of all weights that an engine holds at once: its state, the start it is made from, and the arrays it hands out.
COPIES = {"fused": 3.0, "order-parameters": 3.0, "jax": 4.0}

# A random generator with its Python object.
GENERATOR_BYTES = 2000
# Bytes below which nothing but weights and samples is counted.
NOTEWORTHY = 10**7


def footprint(experiment: Experiment, *, engine: str, snapshots: int = 0, points: int = 0) -> int:
    """Bytes that a run holds at its peak, to within a factor of two.

    Args:
        experiment: what is run.
        engine: "fused", "order-parameters" or "jax".
        snapshots: how many times all weights are recorded.
        points: how many times the errors are.

    Returns:
        Bytes: copies of the weights, sample orders and what draws them, recorded weights and errors, and for JAX, which
        may take all students through a batch together, their activities and signals.
    """
    e = experiment
    students = e.rules * e.trials
    weights = 8 * students * e.synapses
    orders = 0 if e.full_batch else 2 * ORDER_BYTES + GENERATOR_BYTES * e.trials
    batch = 8 * students * e.batch * sum(e.sizes[1:-1]) * 3 if engine == "jax" else 0
    # Recorded weights exist once as they are seen and once stacked into the history.
    errors = _error_bytes(students, points)
    return int(weights * (COPIES[engine] + 2 * snapshots) + orders + batch + errors)


def _error_bytes(students: int, points: int) -> int:
    """Recorded training and test errors, as they are seen and as they are stacked."""
    needed = 2 * 8 * 2 * students * points
    return needed if needed > NOTEWORTHY else 0


def refuse_set_up(problem: Problem, rules: int) -> None:
    """Refuse a run whose strengths and targets alone do not fit; looked at before they are computed.

    Args:
        problem: what is to be learned.
        rules: how many rules.

    Raises:
        InputError: they do not fit.
    """
    student, samples = problem.student, problem.n_train
    synapses = student.n_synapses
    # Feedback exists for every trial, for every layer but the first.
    above = synapses - student.sizes[0] * student.sizes[1]
    strengths = 2 * rules * synapses + rules * problem.trials * above
    # A teacher's outputs are found by way of its hidden activities, all trials at once.
    activities = 0 if problem.teacher is None else 2 * problem.trials * samples * sum(problem.teacher.sizes[1:-1])
    needed = 8 * (strengths + activities + problem.trials * samples * student.n_outputs)
    if needed < NOTEWORTHY:
        return
    require(
        f"setting up {rules} rules and {problem.trials} trials of {synapses} synapses and {samples} samples",
        needed,
        instead="take fewer rules, trials or samples at a time",
    )


def pieces_that_fit(experiment: Experiment, *, jax: bool, snapshots: int = 0, points: int = 0) -> list[Experiment]:
    """The experiment in as few groups of trials as fit into memory one after the other.

    Args:
        experiment: what is to be run.
        jax: whether the JAX engine runs it.
        snapshots: how many times all weights are recorded.
        points: how many times the errors are.

    Returns:
        The experiment itself where it fits, or groups of its trials in order.

    Raises:
        InputError: not even one trial at a time fits beside what the history keeps of all of them.
    """
    engine, free = "jax" if jax else "fused", available()
    trials = experiment.trials
    needed = footprint(experiment, engine=engine, snapshots=snapshots, points=points)
    if free is None or needed <= free:
        return [experiment]
    # Final and recorded weights of all trials stay while the groups come and go.
    kept = 8 * experiment.rules * trials * experiment.synapses * (1 + snapshots)
    kept += _error_bytes(experiment.rules * trials, points)
    sizes = sorted({-(-trials // count) for count in range(2, trials + 1)}, reverse=True)
    for size in sizes if kept <= free else []:
        groups = [experiment.part(start, min(start + size, trials)) for start in range(0, trials, size)]
        if kept + footprint(groups[0], engine=engine, snapshots=snapshots, points=points) <= free:
            return groups
    recordings = f" and {snapshots} recordings of all weights" if snapshots else ""
    recordings += f" and {points} recordings of their errors" if _error_bytes(1, points) else ""
    raise InputError(
        f"this run needs about {needed / 1e9:.2g} GB for {experiment.rules * trials} students{recordings}, and "
        f"{free / 1e9:.2g} GB are free, too little even for one trial at a time; "
        "train fewer trials or rules, or record less"
    )
