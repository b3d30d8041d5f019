"""Each view as a Python script that reproduces it with the library's own calls.

Values enter a script through `repr` only, so that no text of a link or of a file can become code.
"""

from collections.abc import Sequence
from pathlib import Path

from curldescent.apps.explorer.state import DataState, LearnState, PhaseState, SweepState, TwoWeightsState

# So many points of a live run are recorded by its script.
_RECORDED = 500


def phase(state: PhaseState) -> str:
    """The spectrum at a point, its critical ratio, and both phase diagrams."""
    # A fraction of 0 in one layer leaves the other layer's own boundary.
    flips = [f"{name}={getattr(state, name)!r}" for name in ("hidden", "readout") if getattr(state, name)]
    critical = f"print('critical ratio:', cd.theory.critical_ratio({', '.join(flips)}))\n" if flips else ""
    return f"""import curldescent as cd
from curldescent.plots.theory import phase_diagrams, spectrum

law = cd.theory.Spectrum(ratio={state.ratio!r}, hidden={state.hidden!r}, readout={state.readout!r})
print('stable:', law.stable, ' lambda_min:', law.lambda_min)
{critical}
eigenvalues = law.sample(n_inputs={state.inputs!r}, seed={state.seed!r})
print('smallest eigenvalue of a sampled network:', eigenvalues[0])

spectrum(law, eigenvalues).savefig('spectrum.png')
phase_diagrams([cd.theory.phase_diagram(layer) for layer in ('hidden', 'readout')]).savefig('phase.png')
"""


def learn(state: LearnState, epochs: int) -> str:
    """The live run up to an epoch: the same problem, rules and order of samples, so the same numbers."""
    n_inputs, n_hidden = state.sizes
    away = "" if state.start == "random" else ".starting_at_teacher(hidden_noise=1e-6)"
    return f"""import curldescent as cd
from curldescent.plots.learning_curves import learning_curves

problem = cd.student_teacher(
    n_inputs={n_inputs}, n_hidden={n_hidden}, activation={state.activation!r}, trials=1, seed={state.seed!r}
){away}
rules = {{'GD': cd.Plasticity(), 'CD': cd.Plasticity(hidden={state.hidden!r}, readout={state.readout!r})}}
{_training(state.rate, state.norms, state.seed, epochs)}"""


def _training(rate: float, norms: str, seed: int, epochs: int) -> str:
    epochs = max(1, epochs)
    return f"""history = cd.train(
    problem,
    rules,
    epochs={epochs},
    learning_rate={rate!r},
    preserve_norms={norms == "kept"},
    record=list(range(0, {epochs + 1}, {max(1, epochs // _RECORDED)})),
    seed={seed!r},
)
print(history.train_error.isel(epoch=-1).to_pandas())
learning_curves(history).savefig('learning.png')
"""


def two_weights(state: TwoWeightsState, times: Sequence[float]) -> str:
    """The flow field with its trajectories; `times` says how long each is followed."""
    points = [(*point, time) for point, time in zip(state.points, times, strict=True)]
    return f"""import matplotlib.pyplot as plt

import curldescent as cd
from curldescent.plots.two_weights import draw_flow

network = cd.TwoWeights(target={state.target!r}, hidden={state.hidden!r}, readout={state.readout!r})
figure, axes = plt.subplots(figsize=(5, 5))
draw_flow(axes, network, starts=(), time=1.0)
for w1, w2, time in {points!r}:
    path = network.trajectory([w1, w2], time=time)
    axes.plot(*path, color='black')
    axes.plot(w1, w2, marker='o', color='black')
    print('from', (w1, w2), 'to', path[:, -1], 'loss', network.loss(path[:, -1]))
figure.savefig('two_weights.png')
"""


def data(state: DataState, file: str, inputs: Sequence[str], targets: Sequence[str], epochs: int) -> str:
    """The live run on an uploaded table, and the verdict on the student it starts with."""
    return f"""import curldescent as cd
from curldescent.plots.learning_curves import learning_curves

problem = cd.from_data(
    {file!r},
    inputs={list(inputs)!r},
    targets={list(targets)!r},
    n_hidden={state.n_hidden!r},
    activation={state.activation!r},
    missing={state.missing!r},
    seed={state.seed!r},
)
rules = {{'GD': cd.Plasticity(), 'CD': cd.Plasticity(hidden={state.hidden!r}, readout={state.readout!r})}}
print(cd.analysis.stability(problem, rules['CD']))
{_training(state.rate, "free", state.seed, epochs)}"""


def sweep(state: SweepState, store: Path, held: dict[str, object], y: str) -> str:
    """The heat map of a sweep; `held` are the values of the axes that are not drawn, `y` is empty for a line."""
    drawn = tuple(name for name in (state.x, y) if name)
    held_there = {name: value for name, value in held.items() if name not in drawn}
    select = f".sel({held_there!r})" if held_there else ""
    if state.x == "ratio" and y in ("hidden", "readout") and "error" in state.variable:
        draw = "from curldescent.plots.sweeps import error_map\n\nfigure = error_map(values)\n"
    else:
        line = f"values.plot(ax=axes, x={state.x!r}" + (f", y={y!r})" if y else ")")
        draw = f"import matplotlib.pyplot as plt\n\nfigure, axes = plt.subplots()\n{line}\n"
    # Trials that never get to a threshold are NaN and need more epochs than any that do.
    never = ".fillna(float('inf'))" if state.variable.startswith("epochs_to_") else ""
    return f"""import curldescent as cd

data = cd.sweeps.open({str(store)!r})
values = data[{state.variable!r}]{select}{never}
values = values.median([name for name in values.dims if name not in {drawn!r}])
print(values)
{draw}figure.savefig('sweep.png')
"""


def no_sweep() -> str:
    """Where there is no store to open."""
    return "# Start the explorer with a store: curldescent explore --store results/my-sweep\n"
