"""Hidden neurons that start almost equal: gradient descent waits at a saddle, curl descent goes round it.

Run with ``python examples/saddle_passing.py [FOLDER]``; writes saddle_passing.png, saddle_passing.pdf and, printed, the
numbers behind the picture.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

import curldescent as cd
from curldescent.analysis import climbs, critical_point, escape, learning_dynamics, plateaus, spectrum_at
from curldescent.plots.saddles import follow, stuck_and_passing
from curldescent.plots.style import save

TRIAL = 3
FLIPS = cd.Plasticity(readout=[-1, -1, 1, 1])


def near_equal_neurons(spread: float = 1e-9) -> cd.Problem:
    """Six samples, tanh neurons whose weights differ by `spread`; gradient descent keeps equal neurons equal."""
    problem = cd.student_teacher(
        n_inputs=3,
        n_hidden=4,
        activation="tanh",
        output_activation="linear",
        n_train=6,
        n_test=0,
        teacher_scale=3.0,
        covariance=1.0,
        trials=40,
        seed=1,
    )
    rng = np.random.default_rng(0)
    hidden = np.repeat(problem.student.hidden[:, :1], 4, 1)
    readout = np.repeat(np.abs(problem.student.readout[:, :, :1]), 4, 2)
    noise = [spread * rng.normal(size=layer.shape) for layer in (hidden, readout)]
    student = cd.Weights(hidden=hidden + noise[0], readout=readout + noise[1])
    return replace(problem, student=student)


problem = near_equal_neurons()
times = np.unique(np.round(np.geomspace(1, 3000, 400), 1))
runs = {}
for name, rule in (("GD", cd.Plasticity()), ("CD", FLIPS)):
    dynamics = learning_dynamics(problem, rule, trial=TRIAL, continuous=True, learning_rate=0.05, reduce=False)
    path = follow(dynamics, times)
    runs[name] = (dynamics, path)
    below = path.times[path.loss < 1e-2]
    print(f"{name}: loss below 0.01 at t = {below[0] if len(below) else np.inf:.0f}")
    for p in plateaus(path.times, path.loss, share=1.0, shortest=50):
        print(f"  plateau at {p.level:.3g} from t = {p.begin:.0f} to {p.end:.0f}")
    for c in climbs(path.times, path.loss, least=0.05):
        print(f"  uphill from {c.bottom:.3g} to {c.top:.3g} between t = {c.begin:.0f} and {c.end:.0f}")

flow, path = runs["GD"]
waiting = max(plateaus(path.times, path.loss, share=1.0), key=lambda p: p.end - p.begin if p.level > 1e-3 else 0.0)
point = critical_point(flow, near=path.states[(waiting.first + waiting.last) // 2])
print(
    f"GD waits at a {point.kind}: loss {point.loss:.4f}, speed {point.speed:.1e}, {point.unstable} unstable directions"
)
seen = spectrum_at(runs["CD"][0], state=point.state)
print(f"the same point under CD: {seen.kind}, {seen.unstable} unstable; largest rate {seen.rates[0].real:.4f}")
departure = escape(flow, point=point.state, kick=1e-9)
print(f"escape of GD: predicted {departure.predicted:.0f}, measured {departure.measured:.0f}")
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
for file in save(stuck_and_passing(path, runs["CD"][1], departure), folder / "saddle_passing"):
    print(file)
