"""Draw every picture of docs/analysis.md and docs/curl_sources.md and print their numbers.

Run from the repository's root: ``python examples/analysis_figures.py [folder]``. Half a minute.
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import curldescent as cd
from curldescent.plots import style
from curldescent.plots.game import corrections
from curldescent.plots.hebbian import hebbian_curl
from curldescent.plots.labels import LAMBDA_MIN

MU = np.linspace(0, 4, 81)


def adjusted_kernels() -> tuple[np.ndarray, list[float]]:
    """λ_min of G + μ(K₊K₋ + K₋K₊), (seeds, len(MU)), for unstable tanh students, and each one's baseline."""
    rows = []
    for seed in range(8):
        problem = cd.student_teacher(
            n_inputs=10, n_hidden=40, activation="tanh", n_train=30, student_scale=2.0, seed=seed
        ).starting_at_teacher()
        network = cd.field(problem, cd.Plasticity(readout=0.3))
        plus, minus = cd.analysis.tangent_kernels(network)
        g, turned = plus - minus, plus @ minus + minus @ plus
        scale = np.linalg.eigvalsh(plus + minus)[-1]
        rows.append([np.linalg.eigvalsh(g + mu / scale * turned)[0] / scale for mu in MU])
    return np.array(rows), [row[0] for row in rows]


def draw_adjusted(folder: Path) -> None:
    """How far the symplectic adjustment lifts the lowest eigenvalue of unstable solutions."""
    from matplotlib import pyplot as plt

    rows, start = adjusted_kernels()
    with style.figure_style():
        figure, axes = plt.subplots(figsize=(style.COLUMN_INCHES, 2.5))
        axes.plot(MU, rows.T, color=style.CURL_DESCENT, linewidth=1)
        axes.axhline(0, color=style.THEORY, linewidth=0.8, linestyle="--")
        axes.set(
            xlabel=r"strength $\mu$ of the adjustment $\times\ \kappa$",
            ylabel=rf"margin {LAMBDA_MIN} / $\kappa$",
            xlim=(0, MU[-1]),
        )
        axes.set_title("Eight unstable solutions")
    style.save(figure, folder / "game_margin")
    stabilised = int((rows.max(1) >= -1e-10).sum())
    print(f"margins without adjustment {np.round(start, 4).tolist()}")
    print(f"best margins with it       {np.round(rows.max(1), 4).tolist()}; made stable: {stabilised} of {len(rows)}")


def main() -> None:
    """Draw them all."""
    mpl.use("Agg")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/figures")
    folder.mkdir(parents=True, exist_ok=True)
    style.save(corrections(), folder / "game_corrections")
    style.save(hebbian_curl(), folder / "hebbian_curl")
    draw_adjusted(folder)


if __name__ == "__main__":
    main()
