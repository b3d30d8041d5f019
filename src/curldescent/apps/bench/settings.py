"""The students that are timed: sizes and batches of the paper's simulations."""

from dataclasses import dataclass

from curldescent.model.problem import Problem
from curldescent.model.student_teacher import student_teacher


@dataclass(frozen=True)
class Setting:
    """A student, its batches, and the speed-up over lean NumPy that is aimed for.

    Args:
        activation: φ and φ_out.
        n_inputs: M.
        n_hidden: N.
        n_train: P.
        batch: b.
        preserve_norms: whether layers keep their norms.
        goal: the ratio aimed for; None for none.
    """

    activation: str
    n_inputs: int
    n_hidden: int
    n_train: int
    batch: int
    preserve_norms: bool = True
    goal: float | None = None

    @property
    def label(self) -> str:
        """Sizes and batch in a few words."""
        kind = f"full batch {self.batch}" if self.batch == self.n_train else f"batch {self.batch}"
        return f"{self.activation} M={self.n_inputs}, N={self.n_hidden}, {kind}"

    @property
    def updates(self) -> int:
        """Updates in an epoch."""
        return -(-self.n_train // self.batch)

    @property
    def flops(self) -> float:
        """Multiplications and additions that the fused kernel spends on an update, activations left out."""
        weights = self.n_inputs * self.n_hidden
        if self.activation != "linear":
            return 4.0 * self.batch * weights + 4.0 * weights
        # Product, move, next q, norm: four fused operations a weight; then the batch, or the covariance.
        signal = 2 * self.n_inputs**2 if self.batch == self.n_train else 4 * self.batch * self.n_inputs
        return 8.0 * weights + signal

    def problem(self, trials: int = 1) -> Problem:
        """Students and teachers of this setting."""
        return student_teacher(
            n_inputs=self.n_inputs,
            n_hidden=self.n_hidden,
            activation=self.activation,
            n_train=self.n_train,
            n_test=0,
            trials=trials,
        )


SETTINGS = (
    Setting("linear", 110, 110, 250, 10, goal=15),
    Setting("linear", 20, 199, 250, 10, goal=25),
    Setting("linear", 110, 110, 250, 250, goal=60),
    Setting("tanh", 100, 10, 2000, 10, goal=8),
    Setting("tanh", 20, 199, 250, 10, goal=3),
    Setting("tanh", 20, 199, 250, 250, goal=4),
)
