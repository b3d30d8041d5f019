"""Why a flipped readout neuron is faster, from the macroscopic equations: the tables of docs/why_faster.md.

Run with ``python examples/macroscopic_tables.py [NETWORKS] [TABLE …]``; prints Markdown. The tables are scales and
mechanism; ten networks take some minutes of one core.
"""

import sys

import numpy as np

import curldescent as cd
from curldescent.theory import macroscopic

CAP = 12_000
GD, CD = cd.Plasticity(), cd.Plasticity(readout=0.1)


def problem(networks, *, student=2.0):
    """Students and teachers of the paper's sizes, with a linear output; the equations need no samples."""
    return cd.student_teacher(
        n_inputs=100,
        n_hidden=10,
        activation="erf",
        output_activation="linear",
        n_train=1,
        n_test=0,
        student_scale=student,
        trials=networks,
        seed=10,
    )


def epochs(task, rule, *, preserve_norms=True, threshold=1e-3):
    """Epochs to the threshold of every network, the cap where it is not reached."""
    run = macroscopic(task, rule, epochs=CAP, preserve_norms=preserve_norms, stop_below=threshold, record=1)
    return run.stopped_at.fillna(CAP).values


def said(values):
    """Mean of the epochs, with how many never got there."""
    never = int((values >= CAP).sum())
    return f"{values.mean():.0f}" + (f" ({never} not at {CAP})" if never else "")


def ratio(gd, cd_):
    """Geometric mean of the ratio and its 95 % interval over networks."""
    logs = np.log(gd / cd_)
    from scipy.stats import t

    half = t.isf(0.025, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    return f"{np.exp(logs.mean()):.2f} [{np.exp(logs.mean() - half):.2f}, {np.exp(logs.mean() + half):.2f}]"


def table(title, header, rows):
    """A table in Markdown."""
    print(f"\n{title}\n\n| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def scales(networks):
    """Epochs by the student's scale."""

    def rows():
        for scale in (0.7, 1, 1.25, 1.5, 2, 3, 4):
            task = problem(networks, student=scale)
            gd, curl = epochs(task, GD), epochs(task, CD)
            yield f"{scale:g}", said(gd), said(curl), ratio(gd, curl)

    table("By student scale (erf units, linear output)", ("student scale", "GD", "CD", "GD/CD"), rows())


def mechanism(networks):
    """What is changed, and what it does at two scales."""
    strong, frozen = [-2.0] + [1.0] * 9, [0.0] + [1.0] * 9
    faster = cd.Plasticity(hidden=np.full(100, 3.0))
    stays = np.ones((10, 100))
    stays[0] = 0.0
    no_inputs = cd.Plasticity(hidden=stays, readout=[-1.0] + [1.0] * 9)
    tasks = {scale: problem(networks, student=scale) for scale in (2, 4)}

    def start(scale, **shares):
        return tasks[scale].with_student(cd.high_gain_start(tasks[scale].student, **shares))

    arms = {
        "gradient descent": lambda s: epochs(tasks[s], GD),
        "curl descent": lambda s: epochs(tasks[s], CD),
        "GD from the high-gain start": lambda s: epochs(start(s), GD),
        "CD from there": lambda s: epochs(start(s), CD),
        "GD, large readout alone": lambda s: epochs(start(s, hidden_share=0.1), GD),
        "GD, small input weights alone": lambda s: epochs(start(s, readout_share=0.1), GD),
        "CD, the flipped neuron's input weights frozen": lambda s: epochs(tasks[s], no_inputs),
        "strength −2": lambda s: epochs(tasks[s], cd.Plasticity(readout=strong)),
        "strength 0": lambda s: epochs(tasks[s], cd.Plasticity(readout=frozen)),
        "GD, hidden rate × 3": lambda s: epochs(tasks[s], faster),
        "GD, norms free": lambda s: epochs(tasks[s], GD, preserve_norms=False),
        "CD, norms free": lambda s: epochs(tasks[s], CD, preserve_norms=False),
    }
    table(
        "Controls (erf units, linear output), median epochs",
        ("", "scale 2", "scale 4"),
        ((name, *(f"{np.median(run(s)):.0f}" for s in tasks)) for name, run in arms.items()),
    )


TABLES = {"scales": scales, "mechanism": mechanism}

if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    for name in sys.argv[2:] or TABLES:
        TABLES[name](count)
