"""The same update in NumPy, twice: as it stands in a textbook, and as a careful person tunes it.

`TextbookStudent` is the minimal vectorised step, the formulas one after the other: the yardstick of the table's goals.
`TunedStudent` is the harder yardstick: no temporary of the weights' size that can be avoided.
"""

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.experiment import Experiment
from curldescent.model.activations import of

Array = NDArray[np.float64]


class TextbookStudent:
    """The first student of an experiment with one output, trained by matrix products.

    Args:
        experiment: one output, backpropagation, strengths per presynaptic neuron.
    """

    def __init__(self, experiment: Experiment) -> None:
        e = self._experiment = experiment
        self.hidden, self.readout = e.hidden[0].copy(), e.readout[0, 0].copy()
        self._hidden, self._output = of(e.activation), of(e.output_activation)
        self._targets = np.ascontiguousarray(e.targets[0, :, 0])
        self._d1, self._d2 = e.hidden_strengths[0, 0].copy(), e.readout_strengths[0, 0].copy()
        self._norms = [np.linalg.norm(layer) for layer in (self.hidden, self.readout)]
        self._rng = np.random.default_rng([e.seed, 0])

    def step(self, x: Array, y: Array, rate: float) -> None:
        """One update on the batch (x, y), x (b, M) and y (b,), with rate = learning_rate / P."""
        e = self._experiment
        drive = x @ self.hidden.T
        activity = self._hidden.value(drive, np)
        error = self._output.value(activity @ self.readout, np) - y
        hidden_error = np.outer(error, self.readout) * self._hidden.slope(drive, activity, np)
        readout_signal, hidden_signal = error @ activity, hidden_error.T @ x
        self.readout = self.readout - rate * readout_signal * self._d2
        self.hidden = self.hidden - rate * hidden_signal * self._d1
        if e.preserve_norms:
            self.hidden = self.hidden * (self._norms[0] / np.linalg.norm(self.hidden))
            self.readout = self.readout * (self._norms[1] / np.linalg.norm(self.readout))

    def advance(self, epochs: int) -> None:
        """Learn for that many epochs, in the sample orders of `learning.schedule.SampleOrders`."""
        e = self._experiment
        rate = e.learning_rate / e.samples
        samples = np.arange(e.samples, dtype=np.int32)[None]
        for _ in range(epochs):
            if e.full_batch:
                self.step(e.inputs, self._targets, rate)
                continue
            order = self._rng.permuted(samples, axis=1)[0]
            for first in range(0, e.samples, e.batch):
                chosen = order[first : first + e.batch]
                self.step(e.inputs[chosen], self._targets[chosen], rate)


class TunedStudent(TextbookStudent):
    """The same with strengths on the batch rather than the weights, norms from one dot product, and work in place."""

    def step(self, x: Array, y: Array, rate: float) -> None:
        """One update on the batch (x, y), x (b, M) and y (b,), with rate = learning_rate / P."""
        e = self._experiment
        drive = x @ self.hidden.T
        activity = self._hidden.value(drive, np)
        error = self._output.value(activity @ self.readout, np) - y
        error *= rate
        delta = np.multiply.outer(error, self.readout)
        if e.activation != "linear":
            delta *= self._hidden.slope(drive, activity, np)
        self.readout -= (error @ activity) * self._d2
        self.hidden -= delta.T @ (x * self._d1)
        if e.preserve_norms:
            self.hidden *= self._norms[0] / np.sqrt(np.vdot(self.hidden, self.hidden))
            self.readout *= self._norms[1] / np.sqrt(np.vdot(self.readout, self.readout))
