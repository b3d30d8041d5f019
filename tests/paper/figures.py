"""A figure small enough to run in tests, with a claim of each verdict and a published value."""

import xarray as xr

from curldescent.paper import Claim, Computation, Figure, Finding, Results
from curldescent.paper.machinery.claims import Ours, Published
from curldescent.sweeps import Sweep

CALLS: list[int] = []


def doubled(value: int) -> xr.Dataset:
    CALLS.append(value)
    return xr.Dataset({"value": 2 * value, "name": ("word", ["two", "words"])})


def failing(value: int) -> xr.Dataset:
    raise ArithmeticError(f"no {value}")


def experiments(scale: str) -> dict[str, Sweep | Computation]:
    epochs = {"quick": 3, "standard": 6, "paper": 9}[scale]
    fractions = [0, 0.5] if scale == "quick" else [0, 0.25, 0.5]
    return {
        "tiny": Sweep(
            axes={"hidden": fractions},
            student_teacher={"n_inputs": 4, "n_hidden": 5, "n_train": 6, "n_test": 3, "trials": 2},
            training={"epochs": epochs, "batch_size": 3},
        ),
        "tiny-doubled": Computation(doubled, {"value": epochs}, identity="doubled"),
    }


def draw(results: Results):
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots()
    axis.plot(results["tiny"].hidden, results["tiny"].final_test_error.mean("trial"))
    return figure


def tiny() -> Figure:
    return Figure(
        "tiny",
        title="Tiny <figure>",
        about="Two cells & a product.",
        origin="paper",
        experiments=experiments,
        draw=draw,
        claims=(
            Claim(
                "even",
                "The value is even | so.",
                "value mod 2 = 0",
                "value mod 2 = 1",
                lambda r: _judged(int(r["tiny-doubled"].value) % 2 == 0),
            ),
            Claim(
                "odd",
                "The value is odd.",
                "value mod 2 = 1",
                "value mod 2 = 0",
                lambda r: _judged(int(r["tiny-doubled"].value) % 2 == 1),
                statistic="paper",
                changes=("2026-11-27: mod 2 in place of mod 4.",),
            ),
            Claim("never", "Cannot be told.", "more data", "less", lambda r: Finding(None, "needs more")),
        ),
        published=(Published("the value", 7.0, lambda r: Ours(float(r["tiny-doubled"].value), 0.5)),),
        departures=("It is small.",),
    )


def _judged(holds: bool) -> Finding:
    return Finding(holds, f"it is {holds}", {"holds": holds})


def draw_nothing():
    from matplotlib.figure import Figure as Picture

    return Picture()
