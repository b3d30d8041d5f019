"""Check the formulas of docs/theory.md against computations that do not use them, and print the table of errors.

Run ``python examples/theory_checks.py``; about a minute on one core. The tests hold the same checks, with bounds.
"""

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

import curldescent as cd

theory = cd.theory
GRADED = ({1: 0.5, 0.3: 0.3, -0.5: 0.2}, {1: 0.6, 0: 0.2, -0.7: 0.2})
LAWS = [
    theory.Spectrum(0.5),
    theory.Spectrum(4.0),
    theory.Spectrum(0.5, 0.3, 0.1),
    theory.Spectrum(4.0, 0.3, 0.1),
    theory.Spectrum(10.0, 0.0, 0.5),
    theory.Spectrum(0.1, 0.7),
    theory.Spectrum(2.0, *GRADED),
]


def search(function, grid):
    """Minimum of a function by a scan and a bounded search around its best point."""
    best = grid[np.argmin([function(z) for z in grid])]
    step = grid[1] - grid[0]
    return minimize_scalar(function, bounds=(best - step, best + step), method="bounded", options={"xatol": 1e-11}).fun


def boundaries():
    """Rational curves against the variational formulas."""
    alpha = np.linspace(0.005, 0.995, 100)

    def hidden(a):
        return lambda z: (1 + np.exp(z)) * (1 + (1 - a) / (2 + np.exp(z)) + a * np.exp(-z))

    def readout(a):
        e = 1 - 2 * a
        return lambda z: -(s := e / (1 + np.exp(-z))) * (e - s) / ((1 - s) ** 2 * (1 + s))

    grid = np.linspace(-8, 8, 500)
    by_search = np.array([1 / search(hidden(a), grid) for a in alpha])
    yield "hidden boundary, numerical minimum", np.abs(theory.critical_ratio(hidden=alpha) / by_search - 1).max()
    by_search = np.array([-search(readout(a), grid) for a in alpha / 2])
    yield "readout boundary, numerical maximum", np.abs(theory.critical_ratio(readout=alpha / 2) / by_search - 1).max()
    for plane in ("hidden", "readout"):
        by_ratio = theory.phase_diagram(plane).values
        by_law = theory.phase_diagram(plane, quantity="lambda_min").values > 0
        wrong = int((by_ratio != by_law)[1:].sum())
        yield f"{plane} diagram, points of 500 x 499 (α > 0) whose sign of λ_min disagrees", wrong


def masses_and_paths():
    """Normalisation, and the two ways to λ_min."""
    rng = np.random.default_rng(0)
    mass = path = 0.0
    for _ in range(2000):
        c, rho = 10 ** rng.uniform(-4, 4), 10 ** rng.uniform(-1, 1)
        h, r = rng.choice([0, 1, rng.uniform(), 10 ** rng.uniform(-9, 0)], 2)
        law = theory.Spectrum(c, h, r, rho)
        mass = max(mass, abs(law.band_masses.sum() + law.atoms[:, 1].sum() - 1))
        path = max(path, abs(law.lambda_min - theory.lambda_min(c, h, r, rho=rho)) / (rho + 1 + 1 / c))
    yield "band masses and atoms sum to 1, 2000 random laws", mass
    yield "λ_min, eigenvector poles against quadratic poles, same laws (of the scale)", path


def samples():
    """Sampled spectra."""
    distance = trace = 0.0
    size = 1000
    for law in LAWS:
        lam = law.sample(size, seed=1)
        exact = law.realised(size)
        for place, _ in exact.atoms:
            lam[np.abs(lam - place) < 1e-9] = place
        right = np.searchsorted(lam, lam, side="right") / size
        distance = max(distance, np.abs(exact.cdf(lam) - right).max())
        powers = np.arange(1, 7)
        scale = max(abs(law.lambda_min), law.lambda_max) ** powers
        trace = max(trace, np.abs(((lam[:, None] ** powers).mean(0) - exact.moments(6)) / scale).max())
    yield f"Kolmogorov distance of sampled spectra, M = {size}, 7 laws", distance
    yield "six moments against sampled traces, in units of the largest λ to that power", trace
    worst = 0.0
    for c in (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0):
        for h, r in ((0.1, 0.1), (0.3, 0.1), (0.1, 0.3), (0.5, 0.5), (0.9, 0.2), (0.2, 0.9)):
            law = theory.Spectrum(c, h, r)
            lowest = law.sample(size, seed=2)[0]
            exact = law.realised(size)
            worst = max(worst, abs(lowest - exact.lambda_min) / (exact.lambda_max - exact.lambda_min))
    yield f"λ_min of sampled joint K, M = {size}, 42 settings (of the spectrum's width)", worst


def densities():
    """The density against damped iteration of y = x + iη − R(G1(y))."""
    worst = 0.0
    for law in LAWS:
        hidden, readout = law.hidden_strengths, law.readout_strengths
        low, high = law.edges[0]
        x = np.linspace(low, high, 9)[2:-2]
        y = x + 1j * (high - low)
        for _ in range(200_000):
            g = sum(w / (y - law.rho * d) for d, w in zip(hidden.values, hidden.weights, strict=True))
            r = sum(w * d / (1 - d * g) for d, w in zip(readout.values, readout.weights, strict=True)) / law.ratio
            new = x + 1e-7j * (high - low) - r
            change, y = np.abs(new - y).max(), 0.5 * (y + new)
            if change < 1e-14 * (high - low):
                break
        worst = max(worst, np.abs(law.density(x) / (-g.imag / np.pi) - 1).max())
    yield "density against fixed-point iteration, 7 laws", worst


def network():
    """K of one network against the Jacobian of its whole dynamics, and the invariants along its flow."""
    rng = np.random.default_rng(5)
    m, n = 5, 8
    w1, w2 = rng.standard_normal((n, m)) / 2, rng.standard_normal((1, n)) / 2
    d1, d2 = np.where(np.arange(m) < 1, -1.0, 1.0), np.where(np.arange(n) < 2, -1.0, 1.0)
    root = rng.standard_normal((m, m))
    sigma = root @ root.T / m + 0.2 * np.eye(m)

    def velocity(theta, teacher, *, norms=False):
        a, b = theta[: n * m].reshape(n, m), theta[n * m :].reshape(1, n)
        error = (b @ a - teacher) @ sigma
        v, w = -(b.T @ error) * d1, -(error @ a.T) * d2
        if norms:
            v, w = v - a * (a * v).sum() / (a**2).sum(), w - b * (b * w).sum() / (b**2).sum()
        return np.concatenate([v.ravel(), w.ravel()])

    theta = np.concatenate([w1.ravel(), w2.ravel()])
    for norms in (False, True):

        def central(h, norms=norms):
            steps = h * np.eye(theta.size)
            return np.stack(
                [
                    (velocity(theta + s, w2 @ w1, norms=norms) - velocity(theta - s, w2 @ w1, norms=norms)) / (2 * h)
                    for s in steps
                ]
            ).T

        eigenvalues = np.linalg.eigvals((4 * central(5e-3) - central(1e-2)) / 3)
        ours = -theory.linear_stability(w1, w2, d1, d2, covariance=sigma, preserve_norms=norms).eigenvalues
        error = max(np.abs(eigenvalues - value).min() for value in ours)
        yield f"K{' with norms preserved' if norms else ''} against the Jacobian of all {theta.size} weights", error
    teacher = rng.standard_normal((1, m))
    out = solve_ivp(lambda _, z: velocity(z, teacher), (0, 3), theta, method="DOP853", rtol=1e-12, atol=1e-13)
    q = theory.invariants(out.y.T[:, : n * m].reshape(-1, n, m), out.y.T[:, n * m :].reshape(-1, 1, n), d1, d2)
    yield "drift of Q_i along the flow of a linear network", np.abs(q - q[0]).max()


def main() -> None:
    """Print the table."""
    print("| check | largest error |\n|---|---|")
    for check in (boundaries, masses_and_paths, densities, samples, network):
        for name, error in check():
            print(f"| {name} | {error if isinstance(error, int) else f'{error:.1e}'} |")


if __name__ == "__main__":
    main()
