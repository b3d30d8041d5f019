"""A run that waits at a saddle and one that passes it: loss and leading rates along both, and the escape."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics
from curldescent.analysis._saddles.escapes import Escape
from curldescent.plots import labels, legends, panels, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Path:
    """One run as the figure shows it.

    Attributes:
        times: (n,), total step.
        loss: (n,).
        rates: (n, k), the k largest real parts of the Jacobian's eigenvalues.
        rotation: (n,), the largest imaginary part.
        states: (n, D).
    """

    times: Array
    loss: Array
    rates: Array
    rotation: Array
    states: Array


def follow(dynamics: LearningDynamics, times: Array, *, leading: int = 2) -> Path:
    """Run a trial and take the spectrum at given times.

    Args:
        dynamics: map or flow.
        times: (n,), increasing; rounded to whole steps.
        leading: how many real parts are kept.

    Returns:
        The `Path`.
    """
    import jax

    from curldescent.foundation.arithmetic import arithmetic

    advance = jax.jit(lambda s, n: jax.lax.fori_loop(0, n, lambda _, x: dynamics.step(x, dynamics.args), s))
    steps = np.round(np.asarray(times) / dynamics.dt).astype(int)
    states: list[Array] = []
    loss, rates, rotation = [], [], []
    with arithmetic():
        state: Any = jax.numpy.asarray(dynamics.start)
        for count in np.diff(steps, prepend=0):
            state = advance(state, int(count))
            states.append(np.asarray(state))
            loss.append(dynamics.field.loss(states[-1]))
    for one in states:
        values = np.linalg.eigvals(dynamics.field.jacobian(at=one))
        rates.append(np.sort(values.real)[::-1][:leading])
        rotation.append(float(values.imag.max()))
    return Path(steps * dynamics.dt, np.array(loss), np.array(rates), np.array(rotation), np.array(states))


def stuck_and_passing(gradient: Path, curl: Path, departure: Escape, *, curl_label: str = "curl descent") -> "Figure":
    """Loss along both runs, the leading rates along both, and the measured escape on the predicted one.

    Args:
        gradient: the run of gradient descent.
        curl: that of curl descent, from the same start.
        departure: an escape from the saddle where gradient descent waits.
        curl_label: legend text of the second run.

    Returns:
        The figure.
    """
    from matplotlib import pyplot as plt

    runs = ((gradient, style.GRADIENT_DESCENT, "gradient descent"), (curl, style.CURL_DESCENT, curl_label))
    with style.figure_style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(style.PAGE_INCHES, 2.6))
        for path, colour, label in runs:
            left.plot(path.times, path.loss, color=colour, label=label)
            middle.plot(path.times, path.rates[:, 0], color=colour)
            middle.plot(path.times, path.rotation, color=colour, linestyle=":", linewidth=1)
        left.set(
            xscale="log",
            yscale="log",
            xlabel="time (total step)",
            ylabel=labels.mathematical("error ½⟨‖ŷ − y‖²⟩"),
            title="Loss",
        )
        # What happens after the passage is ordinary convergence.
        left.set_ylim(bottom=1e-5)
        middle.set(xscale="log", xlabel="time (total step)", ylabel="rate (1/time)", title="Jacobian along the runs")
        middle.plot([], [], color="0.3", label="largest real part")
        middle.plot([], [], color="0.3", linestyle=":", linewidth=1, label="largest imaginary part")
        middle.axhline(0, color="black", linewidth=0.6)
        middle.set_ylim(top=1.45 * max(float(max(path.rates.max(), path.rotation.max())) for path, _, _ in runs))
        legends.place(middle)
        right.plot(departure.times, departure.distances, color=style.GRADIENT_DESCENT, label="measured")
        inside = departure.times < departure.predicted
        right.plot(
            departure.times[inside],
            departure.projection * np.exp(departure.rate * departure.times[inside]),
            color=style.THEORY,
            linestyle="--",
            linewidth=1,
            label=rf"theory, $\lambda$ = {departure.rate:.3g}",
        )
        right.axvline(departure.predicted, color=style.THEORY, linewidth=0.7, linestyle=":")
        right.set(
            yscale="log",
            xlabel="time since the kick (total step)",
            ylabel="distance from the saddle",
            title="Escape of GD",
        )
        legends.place(right)
        panels.letter((left, middle, right))
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
