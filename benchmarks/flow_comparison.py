"""Where do small steps and the continuous flow agree, and where does the step change the outcome?

``python benchmarks/flow_comparison.py [figure stem]``. Linear students on both sides of instability.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import curldescent as cd
from curldescent.plots import labels, legends, panels, style
from curldescent.plots.labels import mathematical

TIME = 40.0
RATES = [1.6, 0.8, 0.4, 0.2, 0.1, 0.05, 0.025]


def main(stem: Path) -> None:
    """Measure and draw."""
    problem = cd.student_teacher(n_inputs=20, n_hidden=40, n_train=250, trials=10, seed=3)
    rules = {"GD": cd.Plasticity(), "CD, α_r = 0.3": cd.Plasticity(readout=0.3)}
    flowing = cd.flow(problem, rules, time=TIME, record=201, rtol=1e-9, atol=1e-12)
    with style.figure_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 2.7))
        for rule, colour in zip(rules, (style.GRADIENT_DESCENT, style.CURL_DESCENT), strict=True):
            distances = []
            for rate in RATES:
                stepped = cd.train(problem, rules[rule], epochs=round(TIME / rate), learning_rate=rate)
                gap = np.abs(stepped.student_hidden - flowing.student_hidden.sel(rule=rule)).max(("hidden", "input"))
                distances.append(float(gap.median("trial")))
            left.plot(RATES, distances, "o-", markersize=3, color=colour, label=mathematical(rule))
            print(rule, "final distance", dict(zip(RATES, distances, strict=True)))
        left.plot(RATES, 0.02 * np.array(RATES), ":", color=style.THEORY, label=r"$\propto \eta$")
        left.set(
            xscale="log", yscale="log", xlabel=r"learning rate $\eta$ (full batch)", ylabel="largest weight difference"
        )
        left.set_title(r"at the same time $\eta \times$ epochs")
        legends.place(left)

        hard = cd.student_teacher(n_inputs=20, n_hidden=10, n_train=250, trials=1, student_scale=2.0, seed=0)
        rule = cd.Plasticity(hidden=0.3)
        truth = cd.flow(hard, rule, time=400.0, record=401, rtol=1e-9, atol=1e-12)
        right.plot(truth.time, truth.test_error[0], color=style.THEORY, label="flow")
        for rate, colour in ((1.0, style.CYCLE[1]), (0.1, style.CYCLE[4])):
            epochs = round(400 / rate)
            stepped = cd.train(
                hard, rule, epochs=epochs, learning_rate=rate, record=range(0, epochs + 1, round(1 / rate))
            )
            right.plot(
                stepped.epoch * rate,
                stepped.test_error[0],
                color=colour,
                linewidth=0.9,
                label=mathematical(f"η = {rate:g}"),
            )
        print("invariant drift", float(truth.invariant_drift.max()), float(flowing.invariant_drift.max()))
        right.set(yscale="log", ylim=(1e-2, 1e3), xlabel=labels.TIME, ylabel="test error")
        right.set_title(mathematical("α_h = 0.3, c = 2: a step too far"))
        legends.place(right)
        panels.letter((left, right))
        style.save(figure, stem)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/figures/flow_comparison"))
