"""The order parameter q along a line of the phase diagram: where it jumps, and what it is on both sides."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from curldescent.theory import critical_fraction, critical_ratio

# Half-way, on a logarithmic scale, between the paper's 1e-30 of weights at rest and 1e-3 of weights that move is 3e-17.
MOVES = 1e-16


@dataclass(frozen=True)
class Line:
    """One line: q along flipped fractions at a ratio, or along ratios at a fraction.

    Args:
        label: of the line.
        q: over `along` and trial.
        rate: the lowest of every trial's teacher, over `along` and trial; negative where it is unstable.
        along: "hidden" or "ratio".
        predicted: where theory's boundary, that of infinitely large networks, crosses it.
    """

    label: str
    q: xr.DataArray
    rate: xr.DataArray
    along: str
    predicted: float

    @property
    def mean(self) -> xr.DataArray:
        """The mean over trials, which the paper plots; a single moving trial shows in it."""
        return self.q.mean("trial", skipna=False)

    @property
    def jump_of_mean(self) -> float:
        """Where the mean begins to move, as `jump`."""
        return self._after(self.mean < MOVES)

    def jumps_of_resampled(self, rng: np.random.Generator, count: int) -> "tuple[np.ndarray, np.ndarray]":
        """Jumps of the mean and of the median with trials drawn anew at every point of the line, with replacement.

        Args:
            rng: source of the draws.
            count: how many times.

        Returns:
            Both, (count,).
        """
        values = self._levels.transpose(self.along, "trial").values
        drawn = rng.integers(values.shape[1], size=(count, *values.shape))
        levels = np.take_along_axis(values[None], drawn, axis=2)
        mean, median = (self._borders[(level < MOVES).sum(1)] for level in (levels.mean(2), np.median(levels, axis=2)))
        return mean, median

    def offsets_of_resampled(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Jumps of the median less where half of the teachers turn unstable, trials and teachers drawn anew together.

        Args:
            rng: source of the draws.
            count: how many times.

        Returns:
            (count,).
        """
        dims = (self.along, "trial")
        values, unstable = self._levels.transpose(*dims).values, (self.rate < 0).transpose(*dims).values
        drawn = rng.integers(values.shape[1], size=(count, *values.shape))
        moving = np.median(np.take_along_axis(values[None], drawn, axis=2), axis=2) >= MOVES
        told = np.take_along_axis(unstable[None], drawn, axis=2).mean(2) >= 0.5
        jumps, expected = (self._borders[(~each).sum(1)] for each in (moving, told))
        return np.asarray(jumps - expected)

    @property
    def typical(self) -> xr.DataArray:
        """The median trial."""
        return self._levels.median("trial")

    @property
    def _levels(self) -> xr.DataArray:
        """q, above everything where a trial diverged: it does not rest."""
        return self.q.fillna(np.inf)

    @property
    def span(self) -> float:
        """Length of the line."""
        values = self.q[self.along].values
        return float(values[-1] - values[0])

    @property
    def jump(self) -> float:
        """Where the median trial begins to move, half-way between grid points; an end of the line if it never does."""
        return self._after(self.typical < MOVES)

    @property
    def expected(self) -> float:
        """Where half of these teachers are unstable by their own stability matrices; an end of the line if nowhere."""
        return self._after((self.rate < 0).mean("trial") < 0.5)

    @property
    def step(self) -> float:
        """Distance between neighbours."""
        return float(np.diff(self.q[self.along].values).max())

    def _after(self, resting: xr.DataArray) -> float:
        return float(self._borders[int(resting.sum())])

    @property
    def _borders(self) -> np.ndarray:
        """Where a line jumps that rests at none of its points, at one, at two, ….: half-way to the next, or an end."""
        values = self.q[self.along].values
        return np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, values[-1:]])


def lines(q: xr.DataArray, rate: xr.DataArray, *, along: str) -> list[Line]:
    """Cut q over (ratio, hidden, trial) into lines.

    Args:
        q: the order parameter.
        rate: the lowest rate of every teacher, over the same.
        along: the dimension that runs along a line.

    Returns:
        One line per value of the other dimension.
    """
    out = []
    for value in q["ratio" if along == "hidden" else "hidden"].values:
        if along == "hidden":
            predicted, label = critical_fraction(float(value), "hidden"), f"c = {value:g}"
            line, rates = q.sel(ratio=value), rate.sel(ratio=value)
        else:
            predicted, label = critical_ratio(float(value)), f"α$_h$ = {value:g}"
            line, rates = q.sel(hidden=value), rate.sel(hidden=value)
        out.append(Line(label, line, rates, along, float(predicted)))
    return out
