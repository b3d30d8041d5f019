"""The same update in PyTorch, vectorised, double precision: for comparison where torch is installed."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.learning.experiment import Experiment

if TYPE_CHECKING:
    import torch


class TorchStudent:
    """The first student of an experiment with one output, trained by tensor operations without autograd.

    Args:
        experiment: one output, backpropagation, strengths per presynaptic neuron, linear or tanh throughout.
    """

    def __init__(self, experiment: Experiment) -> None:
        import torch

        e = self._experiment = experiment
        torch.set_num_threads(1)
        self.hidden, self.readout = torch.tensor(e.hidden[0]), torch.tensor(e.readout[0, 0])
        self._inputs, self._targets = torch.tensor(e.inputs), torch.tensor(e.targets[0, :, 0])
        self._d1, self._d2 = torch.tensor(e.hidden_strengths[0, 0]), torch.tensor(e.readout_strengths[0, 0])
        self._norms = torch.linalg.norm(self.hidden), torch.linalg.norm(self.readout)
        self._rng = np.random.default_rng([e.seed, 0])

    def step(self, x: "torch.Tensor", y: "torch.Tensor", rate: float) -> None:
        """One update on the batch (x, y), with rate = learning_rate / P."""
        import torch

        bent = self._experiment.activation == "tanh"
        activity = x @ self.hidden.T
        output = (activity.tanh_() if bent else activity) @ self.readout
        error = rate * ((output.tanh_() if bent else output) - y)
        delta = torch.outer(error, self.readout)
        if bent:
            delta *= 1 - activity * activity
        self.readout -= (error @ activity) * self._d2
        self.hidden -= delta.T @ (x * self._d1)
        if self._experiment.preserve_norms:
            self.hidden *= self._norms[0] / torch.linalg.norm(self.hidden)
            self.readout *= self._norms[1] / torch.linalg.norm(self.readout)

    def advance(self, epochs: int) -> None:
        """Learn for that many epochs, in the sample orders of `learning.schedule.SampleOrders`."""
        import torch

        e = self._experiment
        rate = e.learning_rate / e.samples
        samples = np.arange(e.samples, dtype=np.int32)[None]
        with torch.inference_mode():
            for _ in range(epochs):
                if e.full_batch:
                    self.step(self._inputs, self._targets, rate)
                    continue
                order = torch.from_numpy(self._rng.permuted(samples, axis=1)[0])
                for first in range(0, e.samples, e.batch):
                    chosen = order[first : first + e.batch]
                    self.step(self._inputs[chosen], self._targets[chosen], rate)
