"""Which directions make random tanh solutions unstable, and why does training not see them?

    python benchmarks/slow_directions.py

The networks of figure 6: 220 neurons, weights uniform in ±1/√fan-in, 250 samples of variance ½, flipped inputs. First
the ratio up to which the law says that half of the solutions are stable, P/M = 250/M, against c* of linear networks.
Then, at drawn solutions: how many directions grow, how much of them lies in the span of the inputs (where linear
students learn everything), how fast they grow, and how much of the difference to another network lies there.
"""

import numpy as np

from curldescent.theory import KernelSpectrum, critical_ratio
from curldescent.theory.sizes import sizes_of_total

TOTAL, SAMPLES, TIME = 220, 250, 1000.0
FRACTIONS = np.linspace(0, 1, 11)[1:]
# The paper's own length, 100 000 epochs of 0.1, and the fractions of its map.
LONG, ALL_FRACTIONS = 10_000.0, np.linspace(0, 1, 21)[1:]
RATIOS = np.geomspace(0.05, 1, 16)


def law(ratio: float, hidden: float, finite: bool = True) -> KernelSpectrum:
    """The law of figure 6's networks at one ratio: P/M grows as the input layer shrinks."""
    m, n = sizes_of_total(TOTAL, ratio)
    return KernelSpectrum(
        m / n, hidden, activation="tanh", samples_per_input=SAMPLES / m, n_inputs=m if finite else None
    )


def border(hidden: float, slowest: float, finite: bool) -> float:
    """The ratio at which the predicted lowest rate, λ_min M/P, falls below −slowest, or the smallest one."""
    laws = [law(c, hidden, finite) for c in RATIOS]
    rates = np.array([one.lambda_min / one.samples_per_input for one in laws])
    below = rates < -slowest
    if not below.any():
        return float(RATIOS[-1])
    first = int(np.argmax(below))
    return float(RATIOS[0] if first == 0 else np.sqrt(RATIOS[first - 1] * RATIOS[first]))


def drawn(ratio: float, hidden: float, rng: np.random.Generator) -> dict[str, float]:
    """One solution: its kernel's growing directions and the residual towards another network."""
    m, n = sizes_of_total(TOTAL, ratio)
    x = np.sqrt(0.5) * rng.standard_normal((SAMPLES, m))
    d1 = np.where(np.arange(m) < int(hidden * m + 1e-9), -1.0, 1.0)

    def network() -> tuple[np.ndarray, np.ndarray]:
        return rng.uniform(-1, 1, (n, m)) / np.sqrt(m), rng.uniform(-1, 1, n) / np.sqrt(n)

    (w1, w2), (v1, v2) = network(), network()
    h = np.tanh(x @ w1.T)
    slope = (1 - h**2) * w2
    g = (h @ h.T + (slope @ slope.T) * ((x * d1) @ x.T)) / SAMPLES
    rates, vectors = np.linalg.eigh(g)
    basis = np.linalg.qr(x)[0]
    growing = rates < -1e-12
    seen = rates < -1 / TIME
    residual = np.tanh(x @ v1.T) @ v2 - h @ w2
    energy = (vectors.T @ residual) ** 2 / (residual @ residual)
    inside = (basis.T @ vectors) ** 2
    return {
        "growing": growing.sum(),
        "in span %": 100 * inside[:, growing].sum(0).mean() if growing.any() else np.nan,
        "rate (median)": np.median(rates[growing]) if growing.any() else np.nan,
        "fastest": rates[0],
        "e-fold in run": seen.sum(),
        "their span %": 100 * inside[:, seen].sum(0).mean() if seen.any() else np.nan,
        "residual in growing %": 100 * energy[growing].sum(),
        "error left": float((energy * np.exp(-2 * rates * TIME)).sum()),
    }


def main() -> None:
    """Print both tables."""
    asked = (
        ("stable", 0.0, FRACTIONS),
        *(
            (f"without e-fold growth in a time of {t:g}", 1 / t, a)
            for t, a in ((TIME, FRACTIONS), (LONG, ALL_FRACTIONS))
        ),
    )
    for what, slowest, fractions in asked:
        linear = np.asarray(critical_ratio(hidden=fractions))
        for finite in (False, True):
            ends = np.array([border(a, slowest, finite) for a in fractions])
            size = "at this size" if finite else "in the limit"
            print(
                f"{what}, {size}: up to {np.exp(np.log(ends / linear).mean()):.2f} c* (geometric mean over fractions)"
            )
            print("  at c =", " ".join(f"{end:.3f}" for end in ends))
    rng = np.random.default_rng(0)
    rows = [(a, share) for a in (0.2, 0.5, 0.8) for share in (0.25, 0.5, 0.8, 1.2, 2.0)]
    for number, (a, share) in enumerate(rows):
        c = share * critical_ratio(hidden=a)
        several = [drawn(c, a, rng) for _ in range(5)]
        mean = {key: np.nanmedian([one[key] for one in several]) for key in several[0]}
        if number == 0:
            print("  α   c/c*  " + "  ".join(mean))
        print(
            f"{a:4.1f} {share:5.2f}  " + "  ".join(f"{value:{len(key)}.3g}" for key, value in mean.items()), flush=True
        )


if __name__ == "__main__":
    main()
