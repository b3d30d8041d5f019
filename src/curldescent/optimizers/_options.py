"""What the optax and the PyTorch optimizer have in common: options, their checks, their meaning.

With ξ = S_t ∘ ∂C/∂θ, S_t = 1 + a_t (S − 1), J = ∂ξ/∂θ = diag(S_t) H and A = (J − Jᵀ)/2, one update is

    no correction      θ ← θ − η ξ
    "sga"              θ ← θ − η (ξ + μ Aᵀξ)                        symplectic gradient adjustment
    "aligned-sga"      the same with the sign of μ that the alignment criterion of its authors chooses
    "extragradient"    θ ← θ − η ξ(θ − η ξ(θ))

Aᵀξ = (Jᵀξ − Jξ)/2 = (H (S_t ∘ ξ) − S_t ∘ (H ξ))/2: two Hessian products.
"""

import sys
from collections.abc import Callable
from typing import Any

from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError

CORRECTIONS = ("sga", "aligned-sga", "extragradient")

# Balduzzi et al. add it to the alignment so that a product of zero keeps the sign of μ.
ALIGNMENT_OFFSET = 0.1


def check(learning_rate: Any, amount: Any, correction: Any, strength: Any) -> tuple[str | None, Any]:
    """Refuse unusable options; schedules are taken as they are, and so are traced numbers.

    Args:
        learning_rate: η, a number that is not negative, or a schedule.
        amount: a, a number or a schedule.
        correction: one of `CORRECTIONS` or None.
        strength: μ of the symplectic adjustment.

    Returns:
        The correction and μ.

    Raises:
        InputError: an option that is not usable.
    """
    if not callable(learning_rate) and not traced("learning_rate", learning_rate):
        validation.positive("learning_rate", learning_rate, zero=True)
    if not callable(amount) and not traced("amount", amount):
        validation.real("amount", amount)
    if correction is not None:
        validation.choice("correction", correction, CORRECTIONS)
        citations.use("korpelevich1976" if correction == "extragradient" else "balduzzi2018")
    if traced("correction_strength", strength):
        return correction, strength
    return correction, validation.positive("correction_strength", strength)


def traced(name: str, value: Any) -> bool:
    """Whether a number is only known when a compiled or batched JAX function runs; its form is checked.

    Args:
        name: of the option.
        value: what was given for it.

    Returns:
        True for a JAX tracer.

    Raises:
        InputError: a tracer of anything but one real number.
    """
    # Who has a tracer has imported JAX; without it, and with PyTorch alone, nothing is imported for the question.
    core = getattr(sys.modules.get("jax"), "core", None)
    if core is None or not isinstance(value, core.Tracer):
        return False
    if value.shape != () or (value.dtype.kind not in "iuf" and "float" not in value.dtype.name):
        raise InputError(f"{name} must be one real number, got {value.dtype.name} values of shape {value.shape}")
    return True


def at_step(option: float | Callable[[Any], Any], step: Any) -> Any:
    """The value of a number or a schedule at a step, 0 being the first."""
    return option(step) if callable(option) else option
