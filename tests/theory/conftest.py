"""Independent computations that several theory tests compare with."""

import itertools

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("fixed")


def direct_x(y, ratio, hidden, readout, rho=1.0, sigma2=1.0):
    """x(y) from its definition with expectations over the two laws, no poles; `hidden`, `readout` are mappings."""
    g = sum(w / (y - rho * d) for d, w in hidden.items())
    return y + sigma2 / ratio * sum(w * d / (1 - sigma2 * d * g) for d, w in readout.items())


def as_mapping(strengths):
    if isinstance(strengths, dict):
        return strengths
    return {d: w for d, w in ((-1.0, strengths), (1.0, 1 - strengths)) if w > 0}


def band_integral(law, function, nodes=3001):
    """∫ function(x) density(x) dx, band by band.

    The tanh-sinh rule crowds its nodes at both ends of a piece; bands are cut at ρ d, where a density can diverge or
    nearly so (as |x − ρd|^(−1/3), where an atom is about to appear), and at 0, where it has a cusp, |x|^(1/3), for
    c = 1 with half of both layers flipped.
    """
    t, step = np.linspace(-3, 3, nodes, retstep=True)
    place = np.tanh(np.pi / 2 * np.sinh(t))
    weight = step * np.pi / 2 * np.cosh(t) / np.cosh(np.pi / 2 * np.sinh(t)) ** 2
    parts = []
    for low, high in law.edges:
        inner = {0.0, *(law.rho * d for d in as_mapping(law.hidden))}
        cuts = [low, *(c for c in sorted(inner) if low < c < high), high]
        total = 0.0
        for start, end in itertools.pairwise(cuts):
            half = (end - start) / 2
            x = (start + end) / 2 + half * place
            total += (function(x) * law.density(x) * weight).sum() * half
        parts.append(total)
    return np.array(parts)


@pytest.fixture
def rng():
    return np.random.default_rng(20251)
