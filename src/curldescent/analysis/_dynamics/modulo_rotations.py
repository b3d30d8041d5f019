"""Learning of linear students without the rotations of equal hidden neurons, which no output sees."""

from curldescent.foundation import validation
from curldescent.learning.fields.function_field import FunctionField
from curldescent.learning.fields.gram_velocity import gram_field
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem


def modulo_rotations(
    problem: Problem, rule: Plasticity, *, trial: int = 0, preserve_norms: bool = False
) -> FunctionField:
    """A wide linear student's learning in coordinates that rotations of equally plastic hidden neurons leave alone.

    W1 ↦ U W1, W2 ↦ W2 Uᵀ, U a rotation among hidden neurons with equal strengths, takes runs to runs: in the weights
    every run has N(N−1)/2 exponents of exactly zero that say nothing of the motion, and a Kaplan–Yorke dimension that
    counts them. The Gram matrices C_g = [W1, W2ᵀ]ᵀ[W1, W2ᵀ] of each group are what is left, M + O rows and columns
    however wide the student is.

    Args:
        problem: of a linear student with one hidden layer, squared loss. Every group of equally plastic hidden neurons
            has at least M + O members.
        rule: its plasticity, without feedback weights.
        trial: which trial.
        preserve_norms: whether both layers keep their Frobenius norms.

    Returns:
        A field of the upper triangles of all C_g, in units of squared weights, with dθ/dt per unit of total step. A
        step of its `learning_dynamics`, `step(state, args)`, is exactly the full-batch update of `curldescent.train`.
        For `lyapunov`, `regime` and every other analysis of fields.

    Raises:
        InputError: another network or rule, too few hidden neurons, or a trial that is not there.

    Source: docs/chaos.md, "Modulo rotations"; for one output these are the order parameters of docs/theory.md.

    Example:
        >>> import curldescent as cd
        >>> from curldescent.analysis import modulo_rotations
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=50, n_train=20)
        >>> modulo_rotations(problem, cd.Plasticity(hidden=0.5)).n_params   # of 250 weights: 5 · 6 / 2
        15
        >>> field = modulo_rotations(problem, cd.Plasticity())
        >>> dynamics = cd.analysis.learning_dynamics(field, learning_rate=0.1)
        >>> later = dynamics.step(dynamics.start, dynamics.args)
        >>> bool(field.loss(later) < field.loss(dynamics.start))
        True
    """
    validation.instance("problem", problem, Problem, "from cd.student_teacher or cd.Problem")
    validation.instance("rule", rule, Plasticity, "cd.Plasticity(hidden=0.3) for instance")
    kept = validation.boolean("preserve_norms", preserve_norms)
    return gram_field(problem, rule, trial, preserve_norms=kept)
