"""Real data: handwritten digits, gradient descent and growing amounts of curl."""

import curldescent as cd
from curldescent.apps.demo.options import TourOptions
from curldescent.plots import legends, panels, style
from curldescent.plots.labels import mathematical
from curldescent.plots.learning_curves import draw_curves
from curldescent.plots.report import Section

TRIALS = 5
EPOCHS = 100
RULES = {
    "GD": cd.Plasticity(),
    "CD, 10 % of readout neurons": cd.Plasticity(readout=0.1),
    "CD, 30 % of input neurons": cd.Plasticity(hidden=0.3),
}
COLOURS = (style.GRADIENT_DESCENT, style.ACCENT, style.CURL_DESCENT)


def run(options: TourOptions) -> Section:
    """Train a tanh network on scikit-learn's digits under three rules."""
    from matplotlib import pyplot as plt

    problem = cd.from_data("digits", n_hidden=30, activation="tanh", output_activation="sigmoid", trials=TRIALS, seed=0)
    epochs = options.epochs(EPOCHS)
    history = options.train(
        problem,
        RULES,
        epochs=epochs,
        learning_rate=1.0,
        batch_size=10,
        label="digits, three rules",
    )
    right = cd.accuracy(problem, history)
    with style.figure_style():
        figure, (curves, bars) = plt.subplots(
            1, 2, figsize=(style.PAGE_INCHES, 2.7), gridspec_kw={"width_ratios": [1.5, 1]}
        )
        for rule, colour in zip(RULES, COLOURS, strict=True):
            draw_curves(curves, history.test_error.sel(rule=rule), colour=colour, label=rule)
        curves.set_ylabel(mathematical("test error ½⟨‖ŷ − y‖²⟩"))
        curves.set_title("Digits, learning curves")
        for place, (rule, colour) in enumerate(zip(RULES, COLOURS, strict=True)):
            values = 100 * right.sel(rule=rule)
            bars.barh(place, float(values.mean()), color=colour, alpha=0.35, height=0.6)
            bars.scatter(values, [place] * TRIALS, color=colour, s=14, zorder=3)
            bars.text(13, place, f"{float(values.mean()):.1f} %", va="center")
        bars.axvline(10, color=style.THEORY, linewidth=0.8, linestyle="--")
        bars.text(13, -0.62, "chance", fontsize=7, va="center")
        bars.set(
            xlim=(0, 100),
            ylim=(2.6, -0.9),
            yticks=[0, 1, 2],
            yticklabels=["GD", "CD, 10 %\nreadout", "CD, 30 %\ninput"],
        )
        bars.set_xlabel("test accuracy (%)")
        bars.set_title("Accuracy after training")
        legends.place(curves, prefer="lower left")
        panels.letter((curves, bars))
    return Section(
        name="digits",
        title="Handwritten digits",
        text=(
            "1797 images of 8×8 pixels, a fifth held out; 64 inputs, 30 tanh hidden neurons, 10 sigmoid outputs, "
            f"{TRIALS} students, {epochs} epochs in batches of 10. A little curl in the readout costs next to "
            "nothing; flipping the rule of three input neurons in ten keeps the network from settling."
        ),
        columns=("rule", "test accuracy, mean", "range", "final training error, median"),
        rows=[
            [
                rule,
                f"{100 * float(right.sel(rule=rule).mean()):.1f} %",
                f"{100 * float(right.sel(rule=rule).min()):.1f} – {100 * float(right.sel(rule=rule).max()):.1f} %",
                f"{float(history.train_error.sel(rule=rule)[:, -1].median()):.3f}",
            ]
            for rule in RULES
        ],
        numbers={
            "accuracy": {rule: right.sel(rule=rule).values for rule in RULES},
            "final_train_error": {rule: history.train_error.sel(rule=rule)[:, -1].values for rule in RULES},
        },
        figure=figure,
    )
