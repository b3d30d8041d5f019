"""Does the law of the nonlinear kernel hold? λ_min and c* of sampled kernels beside the prediction.

    python benchmarks/kernel_law.py lambda-min --size 400 --samples 5
    python benchmarks/kernel_law.py lambda-min --size 1600 --samples 3 --every 9
    python benchmarks/kernel_law.py critical --size 200 --samples 7

Every row is printed as soon as it is known. `error` is (prediction − median)/width of the bulk, in per cent, where the
limit is finite, and of the median where it grows with M; z is the same difference over the standard error of the
median, 1.25 sd/√samples. Goals: errors of λ_min within 2 %, of c* within 5 %. No row is left out, whatever it says.
"""

import argparse
import itertools
import time

import numpy as np
from scipy.optimize import brentq

from curldescent.paper.machinery.kernel_law_runs import lowest_of
from curldescent.theory import KernelSpectrum, critical_ratio

ACTIVATIONS = ("tanh", "relu", "sigmoid")
FRACTIONS = (0.05, 0.2, 0.5, 1.0)
SCALES = (0.5, 2.0, 4.0)
RATIOS = (0.2, 1.0)


def lambda_min(size: int, samples: int, every: int, samples_per_input: float) -> None:
    """The grid of flips, scales, ratios and activations."""
    grid = list(itertools.product(ACTIVATIONS, ("hidden", "readout", "both"), FRACTIONS, SCALES, RATIOS))[::every]
    errors, beyond = [], 0
    print(f"M = {size}, P/M = {samples_per_input:g}, {samples} samples a row")
    print("activation layer      α scale    c   limit    predicted (sd)       median (sd)      width  error %      z")
    for number, (activation, layer, fraction, scale, ratio) in enumerate(grid):
        flips = {name: fraction for name in ("hidden", "readout") if layer in (name, "both")}
        kind = {"activation": activation, "samples_per_input": samples_per_input, "scale": scale}
        limit = KernelSpectrum(ratio, **flips, **kind)
        law = KernelSpectrum(ratio, **flips, **kind, n_inputs=size)
        found = lowest_of(law, size, samples, seed=1000 + number)
        low, high = limit._limits
        median, deviation = float(np.median(found)), float(found.std(ddof=1))
        error = 100 * (law.lambda_min - median) / (high - low if np.isfinite(limit.lambda_min) else abs(median))
        z = (law.lambda_min - median) / (1.25 * max(deviation, law.scatter) / samples**0.5)
        errors.append(abs(error))
        beyond += abs(z) > 3
        print(
            f"{activation:8} {layer:8} {fraction:5.2f} {scale:4.1f} {ratio:5.1f} {limit.lambda_min:9.4g} "
            f"{law.lambda_min:9.4g} ({law.scatter:7.2g}) {median:9.4g} ({deviation:7.2g}) {high - low:8.4g} "
            f"{error:8.2f} {z:6.1f}",
            flush=True,
        )
    inside = sum(error <= 2 for error in errors)
    print(
        f"{inside} of {len(errors)} within 2 %; median {np.median(errors):.2f} %, largest {max(errors):.2f} %; "
        f"|z| > 3 in {beyond}"
    )


def critical(size: int, samples: int, samples_per_input: float) -> None:
    """Where medians cross zero, by interpolation between five ratios around the prediction."""
    print(f"M = {size}, P/M = {samples_per_input:g}, {samples} samples a ratio")
    print("activation layer      α scale  c* (limit)  c* (M)  sampled  error %")
    errors = []
    for number, (activation, layer, fraction, scale) in enumerate(
        itertools.product(ACTIVATIONS, ("hidden", "readout"), (0.05, 0.2, 0.4), (0.5, 4.0))
    ):
        kind = {"activation": activation, "samples_per_input": samples_per_input, "scale": scale}

        flips = {layer: fraction}

        def finite(log_ratio: float, flips: dict = flips, kind: dict = kind) -> float:
            return max(KernelSpectrum(np.exp(log_ratio), **flips, **kind, n_inputs=size).lambda_min, -1e3)

        limit = float(critical_ratio(**flips, **kind))
        start = f"{activation:8} {layer:8} {fraction:5.2f} {scale:4.1f} {limit:11.4f}"
        grid = np.log(np.geomspace(max(0.01, limit / 4), 10 * limit, 30)) if 0.01 < limit < np.inf else np.zeros(1)
        values = np.array([finite(c) for c in grid])
        first = int(np.argmax(values < 0))
        if not values[first] < 0 < first:
            print(f"{start}   no crossing from a ratio of 0.01 on at this size", flush=True)
            continue
        predicted = np.exp(brentq(finite, grid[first - 1], grid[first]))
        places = predicted * np.array([0.75, 0.9, 1.0, 1.1, 1.3])
        medians = []
        for place in places:
            law = KernelSpectrum(place, **flips, **kind)
            medians.append(np.median(lowest_of(law, size, samples, seed=5000 + number)))
        medians = np.array(medians)
        if medians[0] > 0 > medians[-1]:
            first = int(np.argmax(medians < 0))
            share = medians[first - 1] / (medians[first - 1] - medians[first])
            sampled = places[first - 1] + share * (places[first] - places[first - 1])
            error = 100 * (predicted / sampled - 1)
            errors.append(abs(error))
            shown = f"{sampled:8.4f} {error:8.1f}"
        else:
            errors.append(np.inf)
            shown = f"  outside {places[0]:.3g} to {places[-1]:.3g}: {np.array2string(medians, precision=2)}"
        print(f"{start} {predicted:8.4f} {shown}", flush=True)
    print(f"{sum(e <= 5 for e in errors)} of {len(errors)} within 5 %, {sum(e <= 10 for e in errors)} within 10 %")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("lambda-min", "critical"))
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="take every n-th row of the grid")
    parser.add_argument("--samples-per-input", type=float, default=1.5)
    given = parser.parse_args()
    started = time.perf_counter()
    if given.what == "lambda-min":
        lambda_min(given.size, given.samples, given.every, given.samples_per_input)
    else:
        critical(given.size, given.samples, given.samples_per_input)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
