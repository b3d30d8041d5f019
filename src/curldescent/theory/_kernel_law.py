"""The law of the signed tangent kernel of nonlinear students, in one real parameter, for many settings at once.

In units of M, P·G/M has a resolvent whose trace m(z) solves, with g = tr ΓQ/M the parameter,

    s(g) = n E[d2/(1 + d2 g)],   t(d1) = τρ a1² d1 + μ1² s,   μ*² m + μ1² E[m/(1 + t m)] = g,
    z(g) = ρτ(a0 − a1²) E[d1] + μ*² s + E[t/(1 + t m)] − p/m,

below the whole spectrum. The lowest edge is where z(g), rising from −∞ at g = 0, turns: its highest point over 0 < g,
1 + d2 g > 0 for every d2. Everything is written in w = 1/m, in which the third equation is a sum of positive poles:
Newton's steps on its inverse approach the root from one side. docs/nonlinear_theory.md, sections "The law" and "Edges".
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# g runs from e^-50 to e^50, or as close to its end: beyond, nothing is left to distinguish.
END = 50.0
# z is flat at its highest point: half the digits of y give all of z.
_HALVINGS = 30
# Settings solved at a time: what this many need stays in the cache.
_CHUNK = 4096
_MAX_STEPS = 100


@dataclass(frozen=True)
class KernelLaw:
    """A batch of B settings with the same activation, scales and possible strengths.

    Attributes:
        neurons: n = N/M, shape (B,).
        samples: p = P/M.
        hidden: possible strengths d1, shape (K1,).
        hidden_shares: their probabilities, shape (K1, B); zeros for strengths that a setting does not have.
        readout: possible strengths d2, shape (K2,).
        readout_shares: shape (K2, B).
        linear: μ1².
        rest: μ*².
        hidden_linear: τρ a1².
        hidden_rest: τρ (a0 − a1²).
        grain: q of each kind of hidden synapse at finite size, shape (K, B): what it adds to the multiple of the
            identity is weight/(1 + q m). None in the limit, where every q is 0.
        grain_weights: shape (K, B); each setting's sum to `shift`.
        blur: the variance over samples of the multiple of the identity, over p, as a polynomial in s: its three
            coefficients, shape (3, B). None in the limit.
    """

    neurons: Array
    samples: float
    hidden: Array
    hidden_shares: Array
    readout: Array
    readout_shares: Array
    linear: float
    rest: float
    hidden_linear: float
    hidden_rest: float
    grain: Array | None = None
    grain_weights: Array | None = None
    blur: Array | None = None

    @property
    def shift(self) -> Array:
        """The multiple of the identity in P·G/M, shape (B,)."""
        return self.hidden_rest * (self.hidden @ self.hidden_shares)

    @property
    def lowest_readout(self) -> Array:
        """The lowest strength that each setting has, shape (B,)."""
        return np.where(self.readout_shares > 0, self.readout[:, None], np.inf).min(0)

    def piece(self, part: slice) -> "KernelLaw":
        """Some of the settings."""
        return replace(
            self,
            neurons=self.neurons[part],
            hidden_shares=self.hidden_shares[:, part],
            readout_shares=self.readout_shares[:, part],
            grain=None if self.grain is None else self.grain[:, part],
            grain_weights=None if self.grain_weights is None else self.grain_weights[:, part],
            blur=None if self.blur is None else self.blur[:, part],
        )

    def mirrored(self) -> "KernelLaw":
        """The law of −G: its lowest edge is minus the highest of G."""
        return replace(
            self,
            hidden=-self.hidden,
            readout=-self.readout,
            grain=None if self.grain is None else -self.grain,
            grain_weights=None if self.grain_weights is None else -self.grain_weights,
        )

    def identity(self, m: Array) -> tuple[Array, Array, Array]:
        """What hidden synapses add to the identity at m and its first two derivatives in m, each (B,).

        NaN beyond the pole of a flipped synapse: no m below the spectrum reaches it.
        """
        if self.grain is None or self.grain_weights is None:
            return self.shift, np.zeros_like(m), np.zeros_like(m)
        factor = 1 + self.grain * m
        part = self.grain_weights / np.where((factor > 0).all(0), factor, np.nan)
        slope = self.grain / factor
        return part.sum(0), -(part * slope).sum(0), 2 * (part * slope**2).sum(0)


@dataclass(frozen=True)
class Place:
    """The law at one g for each setting; all of shape (B,).

    Attributes:
        z: the eigenvalue scale.
        slope: dz/dg.
        curvature: d²z/dm² where dz/dm = 0, at an edge; of no meaning elsewhere.
        g: the parameter.
        m: trace of the resolvent over M.
        m_slope: dm/dg.
        s: n E[d2/(1 + d2 g)].
        spread: n E[(d2/(1 + d2 g))²], minus the slope of s.
        slope_at_fixed_s: ∂z/∂g where s is held.
    """

    z: Array
    slope: Array
    curvature: Array
    g: Array
    m: Array
    m_slope: Array
    s: Array
    spread: Array
    slope_at_fixed_s: Array


def at(law: KernelLaw, y: Array) -> Place:
    """Evaluate the law.

    Args:
        law: B settings.
        y: log g where no readout strength is negative, else the logit of g's share of its range, shape (B,).

    Returns:
        The place on z(g) of every setting.
    """
    g, inverse = _parameter(law, y)
    d2, n, share2 = law.readout[:, None], law.neurons, law.readout_shares
    s = n * (share2 * d2 * inverse).sum(0)
    s1 = -n * (share2 * (d2 * inverse) ** 2).sum(0)
    s2 = 2 * n * (share2 * (d2 * inverse) ** 3).sum(0)
    t = law.hidden_linear * law.hidden[:, None] + law.linear * s
    w, r = _solve(law, t, g)
    with np.errstate(divide="ignore"):
        m = 1 / w
    share = law.hidden_shares
    # Linear students let w pass through zero, where the atom of directions out of reach sits; they have no such terms.
    rest, m_if = law.rest, m if law.rest > 0 else np.zeros_like(m)
    identity, identity1, identity2 = law.identity(m_if)
    # Samples whose multiples of the identity differ: −V(s) m, the second cumulant of their spread.
    spread, spread1, spread2 = np.zeros((3, g.size))
    if law.blur is not None:
        spread = law.blur[0] + (law.blur[1] + law.blur[2] * s) * s
        spread1, spread2 = law.blur[1] + 2 * law.blur[2] * s, 2 * law.blur[2]
    # z = identity + μ*² s + E[h] − p w with h = t w/(w + t), and its slopes in t and in w.
    tr, wr = t * r, w * r
    z = identity + rest * s + (share * tr * w).sum(0) - law.samples * w - spread * m_if
    by_t = (share * wr**2).sum(0)
    by_w = (share * tr**2).sum(0) - law.samples - (identity1 - spread) * m_if**2
    # Derivatives in g of μ*²/w + μ1² E[1/(w + t)] = g.
    f_t = -law.linear * (share * r**2).sum(0)
    f_w = f_t - rest * m_if**2
    t1, t2 = law.linear * s1, law.linear * s2
    w1 = (1 - f_t * t1) / f_w
    slope = rest * s1 + by_t * t1 + by_w * w1 - spread1 * s1 * m_if
    bend = law.linear * (share * r**3).sum(0) * (w1 + t1) ** 2 + rest * m_if**3 * w1**2
    w2 = -(2 * bend + f_t * t2) / f_w
    twist = (share * r**3 * (w * t1 - t * w1) ** 2).sum(0)
    second = rest * s2 + by_t * t2 + by_w * w2 - 2 * twist
    second = second + (identity2 * m_if + 2 * (identity1 - spread)) * m_if**3 * w1**2
    second = second - (spread2 * s1**2 + spread1 * s2) * m_if + 2 * spread1 * s1 * w1 * m_if**2
    # From g to m, dm/dg = −w'/w², where the first derivative vanishes.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        m_slope = -w1 / (w * w)
        curvature = second / m_slope**2
    return Place(z, slope, curvature, g, m, m_slope, s, -s1, by_w / f_w)


def edge(law: KernelLaw) -> tuple[Place, Array]:
    """The lowest edge of the continuous spectrum, or the atom at the multiple of the identity where that is lowest.

    Args:
        law: B settings.

    Returns:
        The place, with curvature 0 at an atom, and the y it was found at, shape (B,).
    """
    y = np.empty(law.neurons.shape)
    for start in range(0, y.size, _CHUNK):
        piece = law.piece(slice(start, start + _CHUNK))
        low, high = np.full(piece.neurons.shape, -END), np.full(piece.neurons.shape, END)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            place = at(piece, middle)
            # m and g are averages of 1/(λ - z): below the spectrum both grow with z.
            rising = (place.slope > 0) & (place.m_slope > 0)
            low, high = np.where(rising, middle, low), np.where(rising, high, middle)
        y[start : start + _CHUNK] = 0.5 * (low + high)
    found = at(law, y)
    # Where z(g) rises to the end, it rises to the atom.
    atom = (y > END - 1) & (law.lowest_readout >= 0) & (law.grain is None)
    z = np.where(atom, law.shift, found.z)
    return replace(found, z=z, curvature=np.where(atom, 0.0, np.minimum(found.curvature, 0.0))), y


def _parameter(law: KernelLaw, y: Array) -> tuple[Array, Array]:
    """The parameter g, (B,), and 1/(1 + d2 g), (K2, B): 0 for strengths that a setting does not have."""
    lowest = law.lowest_readout
    negative = lowest < 0
    safe = np.where(negative, lowest, -1.0)
    share, left = 1 / (1 + np.exp(-y)), 1 / (1 + np.exp(y))
    g = np.where(negative, share / -safe, np.exp(y))
    # 1 + d g = 1 − r σ(y) = (1 − r) + r σ(−y) with r = d over the lowest: exact where g nears the end of its range.
    relative = law.readout[:, None] / safe
    factor = np.where(negative, (1 - relative) + relative * left, 1 + law.readout[:, None] * g)
    present = law.readout_shares > 0
    return g, np.where(present, 1 / np.where(present, factor, 1.0), 0.0)


def _solve(law: KernelLaw, t: Array, g: Array) -> tuple[Array, Array]:
    """The rightmost root w of μ*²/w + μ1² E[1/(w + t)] = g, (B,), and 1/(w + t), (K1, B), 0 for absent strengths."""
    present = law.hidden_shares > 0
    pole = np.where(present, -t, -np.inf)
    residue = law.linear * law.hidden_shares
    if law.rest > 0:
        pole = np.concatenate([pole, np.zeros((1, g.size))])
        residue = np.concatenate([residue, np.full((1, g.size), law.rest)])
    right = pole.max(0)
    gap = right - pole
    # Each term alone reaches g here, to the left of the root; 1/f is concave, so that Newton's steps do not pass it.
    with np.errstate(invalid="ignore"):
        delta = np.where(residue > 0, residue / g - gap, -np.inf).max(0)
    for _ in range(_MAX_STEPS):
        inverse = 1 / (gap + delta)
        terms = residue * inverse
        f = terms.sum(0)
        step = (f / g - 1) * f / (terms * inverse).sum(0)
        delta = delta + np.maximum(step, 0.0)
        # Each step squares the error.
        if np.all(step <= 1e-9 * delta):
            break
    inverse = 1 / (gap + delta)
    return right + delta, np.where(present, inverse[: len(t)], 0.0)
