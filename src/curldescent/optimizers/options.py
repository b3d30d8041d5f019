"""What the optax and the PyTorch optimizer have in common: options, their checks, their meaning.

With ξ = S_t ∘ ∂C/∂θ, S_t = 1 + a_t (S − 1), J = ∂ξ/∂θ = diag(S_t) H and A = (J − Jᵀ)/2, one update is

    no correction      θ ← θ − η ξ
    "sga"              θ ← θ − η (ξ + μ Aᵀξ)                        symplectic gradient adjustment
    "aligned-sga"      the same with the sign of μ that the alignment criterion of its authors chooses
    "extragradient"    θ ← θ − η ξ(θ − η ξ(θ))

Aᵀξ = (Jᵀξ − Jξ)/2 = (H (S_t ∘ ξ) − S_t ∘ (H ξ))/2: two Hessian products.
"""

from collections.abc import Callable
from typing import Any

from curldescent import citations, validation
from curldescent.errors import InputError

CORRECTIONS = ("sga", "aligned-sga", "extragradient")

# Balduzzi et al. add it to the alignment so that a product of zero keeps the sign of μ.
ALIGNMENT_OFFSET = 0.1


def check(learning_rate: Any, amount: Any, correction: Any, strength: Any) -> tuple[str | None, float]:
    """Refuse unusable options; schedules are taken as they are.

    Args:
        learning_rate: η, a positive number or a schedule.
        amount: a, a number or a schedule.
        correction: one of `CORRECTIONS` or None.
        strength: μ of the symplectic adjustment.

    Returns:
        The correction and μ.

    Raises:
        InputError: an option that is not usable.
    """
    if not callable(learning_rate):
        validation.positive("learning_rate", learning_rate)
    if not callable(amount):
        validation.real("amount", amount)
    if correction is not None:
        validation.choice("correction", correction, CORRECTIONS)
        citations.use("korpelevich1976" if correction == "extragradient" else "balduzzi2018")
    return correction, validation.positive("correction_strength", strength)


def missing(package: str, extra: str) -> InputError:
    """What to say when an optional package is not there."""
    return InputError(f"this optimizer needs {package}: pip install 'curldescent[{extra}]'")


def at_step(option: float | Callable[[Any], Any], step: Any) -> Any:
    """The value of a number or a schedule at a step, 0 being the first."""
    return option(step) if callable(option) else option
