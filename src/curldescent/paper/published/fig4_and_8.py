"""Figures 4 and 8: linear and tanh students start at a solution, leave it where it is unstable, and find another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import boundary_claims
from curldescent.paper.machinery.boundary_claims import MARGIN, SHARE
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Measured, Results, Scale
from curldescent.paper.machinery.phase_sweeps import STEP, from_teachers, training_time
from curldescent.paper.machinery.teachers import VISIBLE, draw_teachers, leaves, stability_of_teachers
from curldescent.paper.machinery.wording import decimal, percent
from curldescent.plots import style
from curldescent.plots.sweeps import draw_error_map, error_range
from curldescent.sweeps import lin, log

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

# Half-way, on a logarithmic scale, between the start's error, 1e-30, and an error of order one.
LEFT = 1e-15
# The final error that counts as low: the same as learned in figure 3a.
LOW = boundary_claims.LEARNED
# Maximum errors of students that stay at their start, and of those that leave it.
STAYS, JUMPS = 1e-20, 1e-6
# The share of trials that must do what their own teacher's stability says.
FOLLOW = 0.95
# Epochs at which the maximum is looked for, log-spaced, as in the paper.
RECORDED = 200


@dataclass(frozen=True)
class Leaving:
    """One of the two figures.

    Args:
        key: of the figure, and the name of its sweep.
        activation: of students and teachers.
        scales: scale → ratios, fractions, epochs, trials.
    """

    key: str
    activation: str
    scales: Mapping[Scale, tuple[int, int, int, int]]

    def experiments(self, scale: Scale) -> Experiments:
        """The grid of 220 neurons, started 1e-15 away in W1, and every teacher's own stability."""
        points, fractions, epochs, trials = self.scales[scale]
        ratio, readout = log(0.01, 10, points), lin(0, 1, fractions)
        return {
            self.key: from_teachers(
                self.activation,
                {"ratio": ratio, "readout": readout},
                start={"hidden_noise": 1e-15, "noise": "constant"},
                keep={"maximum_error": True, "error_curves": True},
                record=RECORDED,
                epochs=epochs,
                trials=trials,
            ),
            f"{self.key}-teachers": stability_of_teachers(
                self.activation, "readout", ratio=ratio, fraction=readout, trials=trials
            ),
        }

    def time(self, scale: Scale) -> float:
        """Total step of the run."""
        return training_time(self.experiments(scale)[self.key])

    def draw(self, results: Results) -> "Picture":
        """Final and maximum test error side by side on one colour scale.

        For tanh networks, which the line of linear ones does not describe, dashes say where half of the teachers begin
        to be left visibly within the run.
        """
        import matplotlib.pyplot as plt

        data, linear = results[self.key], self.activation == "linear"
        errors = {"final test error": data.final_test_error, "maximum test error": data.maximum_test_error}
        norm = error_range(*errors.values())
        with style.figure_style():
            figure, axes = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 3.1), sharex=True, sharey=True)
            for axis, (title, error) in zip(axes, errors.items(), strict=True):
                image = draw_error_map(axis, error, norm=norm)
                axis.set_title(title)
                if not linear:
                    slowest = float(np.log(VISIBLE)) / self.time(results.scale)
                    draw_teachers(axis, results[f"{self.key}-teachers"], slowest=slowest)
            axes[1].set_ylabel("")
            if not linear:
                axes[0].lines[1].set_label("theory, linear")
            axes[0].legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none")
            figure.colorbar(image, ax=axes, label="test error")
            return figure

    def finds_another(self) -> Measured:
        """Final errors of unstable cells with normally learning readout neurons left."""
        return (
            f"median final test error ≤ {decimal(LOW)} in {percent(SHARE)} of the cells with c > {MARGIN:g} c* and "
            "0 < α_r < 1",
            lambda results: _finds_another(results[self.key]),
        )

    def nothing_to_find(self) -> Measured:
        """Final errors where every readout neuron is flipped."""
        most = 1 - SHARE

        def measure(results: Results) -> Finding:
            error = results[self.key].final_test_error
            if not (error.readout == 1).any():
                return Finding(None, "this scale has no cell with α_r = 1")
            low, numbers, said = _low(_typical(error).sel(readout=1).values, "cells with α_r = 1 end at or below")
            return Finding(bool(low.mean() <= most), said, numbers)

        return f"median final test error ≤ {decimal(LOW)} in at most {percent(most)} of the cells with α_r = 1", measure

    def maximum_jumps(self) -> Measured:
        """Maximum errors on both sides of the boundary."""

        def measure(results: Results) -> Finding:
            error = results[self.key].maximum_test_error
            stable = boundary_claims.stable_cells_learn(error, below=STAYS)
            unstable = boundary_claims.unstable_cells_stay(error, above=JUMPS)
            holds = None if None in (stable.holds, unstable.holds) else bool(stable.holds and unstable.holds)
            said = f"stable side: {stable.said}; unstable side: {unstable.said}"
            return Finding(holds, said, {"stable": dict(stable.numbers), "unstable": dict(unstable.numbers)})

        return (
            f"median maximum test error ≤ {decimal(STAYS)} in {percent(SHARE)} of the cells with c < c*/{MARGIN:g}, "
            f"≥ {decimal(JUMPS)} in {percent(SHARE)} with c > {MARGIN:g} c*",
            measure,
        )

    def where_they_leave(self) -> Measured:
        """The ratio at which the maximum error jumps, against c*."""
        return boundary_claims.border(lambda results: results[self.key].maximum_test_error, below=LEFT)

    def teacher_by_teacher(self) -> Measured:
        """Whether every trial leaves where its own teacher is unstable."""
        return (
            f"{percent(FOLLOW)} of the trials that are predicted to stay, or to grow by a factor {decimal(VISIBLE)} "
            "within the run",
            lambda results: _teacher_by_teacher(
                results[self.key], results[f"{self.key}-teachers"], time=self.time(results.scale)
            ),
        )


def _finds_another(data: "xr.Dataset") -> Finding:
    error = data.final_test_error
    typical = _typical(error).values
    _, unstable = boundary_claims.sides(error)
    chosen = (unstable & (error.readout < 1)).transpose("ratio", "readout").values
    passed, numbers, said = _low(typical[chosen], "unstable cells with α_r < 1 end at or below")
    if not passed.size or passed.mean() >= SHARE:
        return Finding(True if passed.size else None, said, numbers)
    # Slow or stuck? Between the middle of the recorded epochs, which are log-spaced, and the end.
    curve = data.test_error.median("trial", skipna=False)
    middle = curve.sel(epoch=curve.epoch[-1].item() / 2, method="nearest").transpose("ratio", "readout").values
    high = chosen & ~(typical <= LOW)
    falling = int((typical < middle / 2)[high].sum())
    said += f"; {falling} of the {int(high.sum())} others more than halved their error in the last half"
    # Too short a run to tell, where those still on their way would make the difference.
    enough = int(passed.sum()) + falling >= SHARE * passed.size
    return Finding(None if enough else False, said, {**numbers, "still_falling": falling})


def _teacher_by_teacher(data: "xr.Dataset", teachers: "xr.Dataset", *, time: float) -> Finding:
    dims = ("ratio", "readout", "trial")
    left = ~(data.maximum_test_error.transpose(*dims).values < LEFT)
    predicted, free = (leaves(teachers, step=STEP, rate=name).transpose(*dims).values for name in ("rate", "free_rate"))
    # Stable is stable however slowly; growth has to show within the run.
    clear = ~predicted | (teachers.rate.transpose(*dims).values * time < -np.log(VISIBLE))
    agree, without = int((left == predicted)[clear].sum()), int((left == free)[clear].sum())
    of, close = int(clear.sum()), int((~clear).sum())
    said = (
        f"{agree} of {of} trials leave or stay as their solution's own kernel says ({without} of {of} without the "
        f"terms that preserved norms add); {close} too slow to show within the run are left out"
    )
    numbers = {"agree": agree, "without_norms": without, "of": of, "left_out": close}
    return Finding(agree >= FOLLOW * of if of else None, said, numbers)


def _low(values: np.ndarray, phrase: str) -> tuple[np.ndarray, dict[str, float], str]:
    """Which cells end low, as booleans, numbers and a sentence."""
    low, said = boundary_claims.counted(values, lambda found: found <= LOW, f"{phrase} {LOW:g}")
    numbers = {"low": int(low.sum()), "of": low.size, "median": boundary_claims.middle(values)} if low.size else {}
    return low, numbers, said


def _typical(error: "xr.DataArray") -> "xr.DataArray":
    return error.median("trial", skipna=False).transpose("ratio", "readout")


LINEAR = Leaving(
    "fig4",
    "linear",
    {"quick": (10, 6, 100_000, 2), "standard": (20, 11, 100_000, 5), "paper": (20, 21, 100_000, 20)},
)
TANH = Leaving(
    "fig8", "tanh", {"quick": (6, 4, 10_000, 1), "standard": (10, 6, 30_000, 1), "paper": (20, 21, 100_000, 20)}
)

FIGURE_4 = Figure(
    LINEAR.key,
    title="Figure 4: leaving an unstable solution and finding another",
    about=(
        "Linear students of 220 neurons start at their teacher, 1e-15 away from it in W1, and learn with the full "
        "batch, norms preserved, the first ⌊α_r N⌋ hidden neurons flipped. Colour: median of the trials; line: the "
        "critical ratio of theory."
    ),
    origin="paper",
    experiments=LINEAR.experiments,
    draw=LINEAR.draw,
    claims=(
        Claim(
            "finds another",
            "Where the solution it starts at is unstable, curl descent ends at another one.",
            *LINEAR.finds_another(),
        ),
        Claim("nothing to find", "With every hidden neuron flipped it finds none.", *LINEAR.nothing_to_find()),
        Claim(
            "maximum error",
            "The maximum error along the run is that of the start on the stable side and large on the other.",
            *LINEAR.maximum_jumps(),
        ),
        Claim("where they leave", "It jumps at the critical ratio.", *LINEAR.where_they_leave()),
        Claim(
            "teacher by teacher",
            "The stability matrix of its own teacher, norms preserved, says whether a trial leaves.",
            *LINEAR.teacher_by_teacher(),
        ),
    ),
    departures=(
        "The stability of every teacher is an addition.",
        "The bright cell without flips at c = 0.01 is the step's, not the rule's: with η = 0.05 the same "
        "five students stay at their teachers, at errors of 3e-33 to 5e-33.",
    ),
)
FIGURE_8 = Figure(
    TANH.key,
    title="Figure 8: leaving an unstable solution, tanh networks",
    about=(
        "Figure 4 with tanh students and teachers. Colour: median of the trials; line: the critical ratio of linear "
        "networks; dashes: up to where, by their own signed tangent kernels, half of the sampled teachers are not left "
        "visibly within the run."
    ),
    origin="paper",
    experiments=TANH.experiments,
    draw=TANH.draw,
    claims=(
        Claim(
            "finds another",
            "Where the solution it starts at is unstable, curl descent ends at another one, as in linear networks.",
            *TANH.finds_another(),
        ),
        Claim("nothing to find", "With every hidden neuron flipped it finds none.", *TANH.nothing_to_find()),
        Claim(
            "maximum error",
            "The maximum error jumps across the boundary of linear networks.",
            *TANH.maximum_jumps(),
        ),
        Claim(
            "teacher by teacher",
            "The signed tangent kernel of its own teacher, norms preserved, says whether a trial leaves.",
            *TANH.teacher_by_teacher(),
        ),
    ),
    departures=("The signed tangent kernels of the teachers are an addition.",),
)
