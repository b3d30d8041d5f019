"""Activations: each an object with its value, its slope, its integral and, where there is one, its fused kernel.

Everything that needs an activation asks `of` for it. A new one is one entry of `BUILT_IN`, or an `Activation` of the
user's own; neither touches another file. Values are written once for NumPy and JAX: `xp` is the array module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

Value = Callable[[Any, ModuleType], Any]
_ROOT_2 = 2.0**0.5
_ROOT_2PI = (2 * np.pi) ** 0.5


@dataclass(frozen=True)
class Activation:
    """One activation φ, elementwise unless it says otherwise.

    Args:
        name: what problems, files and labels call it.
        value: (drive, xp) → φ(drive), with xp NumPy or jax.numpy.
        slope: (drive, activity, xp) → φ'(drive), which may use activity = φ(drive).
        integral: (drive, xp) → ∫φ, or None. Σ∫φ(z) − y·z is the loss whose gradient in the drive is φ(z) − y, the one
            that the delta rule descends.
        kernel: the code of the fused CPU kernels, or None: such students run in the reference engine.
        homogeneous: whether φ'(z) z = φ(z), as for linear and relu.
        grows: whether |φ| grows with the drive without bound.
        joint: whether an output depends on all drives of a sample (softmax); the slope is then the function that
            carries an error back, (drive, activity, error, xp) → error at the drives, and the integral is one number
            a sample.

    Example:
        >>> import numpy as np
        >>> of("relu").value(np.array([-1.0, 2.0]), np)
        array([0., 2.])
    """

    name: str
    value: Value
    slope: Callable[..., Any]
    integral: Value | None = None
    kernel: int | None = None
    homogeneous: bool = False
    grows: bool = False
    joint: bool = False

    def __repr__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Built-in ones are pickled by name; one's own where its functions can be: at the top of a module."""
        return (of, (self.name,)) if BUILT_IN.get(self.name) is self else super().__reduce_ex__(protocol)

    def carried(self, error: Any, drive: Any, activity: Any, xp: ModuleType = np) -> Any:
        """An error (…, O) at the activities, carried back to the drives: error · φ'."""
        if self.joint:
            return self.slope(drive, activity, error, xp)
        return error * self.slope(drive, activity, xp)

    def matching(self, drive: Any, target: Any, xp: ModuleType = np) -> Any:
        """The loss of every sample (…) whose gradient in the drive is φ(drive) − target.

        Raises:
            InputError: no integral is known.
        """
        if self.integral is None:
            raise InputError(
                f"the delta rule behind {self.name} outputs descends a loss that needs the integral of {self.name}: "
                'give cd.activation(…, integral=…), or use output_error="mse"'
            )
        whole = self.integral(drive, xp)
        if self.joint:
            return whole - xp.sum(target * drive, axis=-1)
        return xp.sum(whole - target * drive, axis=-1)


def _special(xp: ModuleType) -> Any:
    if xp is np:
        from scipy import special
    else:
        from jax.scipy import special
    return special


def _logistic(drive: Any, xp: ModuleType) -> Any:
    # Through tanh: no overflow at either end, and one transcendental.
    return 0.5 * (1 + xp.tanh(0.5 * drive))


def _normal_share(drive: Any, xp: ModuleType) -> Any:
    """The standard normal distribution function."""
    return 0.5 * (1 + _special(xp).erf(drive / _ROOT_2))


def _bell(drive: Any, xp: ModuleType) -> Any:
    """The standard normal density."""
    return xp.exp(-0.5 * drive * drive) / _ROOT_2PI


def _softmax(drive: Any, xp: ModuleType) -> Any:
    raised = xp.exp(drive - xp.max(drive, axis=-1, keepdims=True))
    return raised / xp.sum(raised, axis=-1, keepdims=True)


def _softmax_carried(drive: Any, activity: Any, error: Any, xp: ModuleType) -> Any:
    return activity * (error - xp.sum(activity * error, axis=-1, keepdims=True))


_EVERY = (
    Activation(
        "linear",
        value=lambda z, xp: z,
        slope=lambda z, a, xp: xp.ones_like(a),
        integral=lambda z, xp: 0.5 * z * z,
        kernel=0,
        homogeneous=True,
        grows=True,
    ),
    Activation(
        "tanh",
        value=lambda z, xp: xp.tanh(z),
        slope=lambda z, a, xp: 1 - a * a,
        integral=lambda z, xp: xp.logaddexp(z, -z),
        kernel=1,
    ),
    Activation(
        "relu",
        value=lambda z, xp: xp.maximum(z, 0),
        # The slope at zero is taken as zero.
        slope=lambda z, a, xp: (a > 0).astype(a.dtype),
        integral=lambda z, xp: 0.5 * xp.maximum(z, 0) ** 2,
        kernel=2,
        homogeneous=True,
        grows=True,
    ),
    Activation(
        "sigmoid",
        value=_logistic,
        slope=lambda z, a, xp: a * (1 - a),
        integral=lambda z, xp: xp.logaddexp(z, 0.0),
        kernel=3,
    ),
    # erf(√π z/2): slope 1 at the origin, as tanh has.
    Activation(
        "erf",
        value=lambda z, xp: _special(xp).erf(z * (np.pi**0.5 / 2)),
        slope=lambda z, a, xp: xp.exp(-(np.pi / 4) * z * z),
        integral=lambda z, xp: z * _special(xp).erf(z * (np.pi**0.5 / 2)) + xp.exp(-(np.pi / 4) * z * z) * (2 / np.pi),
    ),
    Activation(
        "gelu",
        value=lambda z, xp: z * _normal_share(z, xp),
        slope=lambda z, a, xp: _normal_share(z, xp) + z * _bell(z, xp),
        # ∫ z Φ(z) = ½ (z² − 1) Φ(z) + ½ z φ(z).
        integral=lambda z, xp: 0.5 * ((z * z - 1) * _normal_share(z, xp) + z * _bell(z, xp)),
        grows=True,
    ),
    Activation(
        "softplus",
        value=lambda z, xp: xp.logaddexp(z, 0.0),
        slope=lambda z, a, xp: _logistic(z, xp),
        grows=True,
    ),
    Activation(
        "softmax",
        value=_softmax,
        slope=_softmax_carried,
        integral=lambda z, xp: _special(xp).logsumexp(z, axis=-1),
        joint=True,
    ),
)
BUILT_IN = {activation.name: activation for activation in _EVERY}
NAMES = tuple(BUILT_IN)


def of(activation: "str | Activation") -> Activation:
    """The activation that a name stands for; an `Activation` is itself."""
    return activation if isinstance(activation, Activation) else BUILT_IN[activation]


def checked(name: str, given: object, *, output: bool = False) -> "str | Activation":
    """What a user says of an activation, in canonical form: a built-in's name, or an `Activation` of one's own.

    Args:
        name: of the argument, for messages.
        given: a name or an `Activation`.
        output: whether it is that of the output, which may be joint.

    Raises:
        InputError: neither; or a joint activation of a hidden layer.

    Example:
        >>> checked("activation", "tanh")
        'tanh'
    """
    if isinstance(given, Activation):
        found = given.name if BUILT_IN.get(given.name) is given else given
    else:
        found = validation.choice(name, given, NAMES if output else tuple(n for n in NAMES if not BUILT_IN[n].joint))
    if of(found).joint and not output:
        raise InputError(f"{name} must act on each neuron by itself, got {of(found)}, which is for outputs only")
    return found


def activation(name: str, value: Callable[[Any], Any], *, integral: Callable[[Any], Any] | None = None) -> Activation:
    """An activation of one's own, from a function of JAX; its slope is found by differentiation.

    Args:
        name: what labels and histories call it; not one of the built-in names.
        value: φ, elementwise, written with jax.numpy.
        integral: ∫φ, likewise; needed by analyses of the delta rule behind such an output.

    Returns:
        The `Activation`, which `Problem(activation=…)` takes. Its students run in the reference engine. It is pickled
        with the functions, so they must stand at the top of a module: Python finds no lambda by its name.

    Raises:
        InputError: a built-in's name, or no function.

    Example:
        >>> import curldescent as cd, jax.numpy as jnp
        >>> problem = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10, activation=cd.activation("sine", jnp.sin))
        >>> problem.activation
        sine
    """
    validation.text("name", name)
    if name in BUILT_IN:
        raise InputError(f"there is an activation {name!r} already; give yours another name")
    validation.function("value", value, "a function of JAX, elementwise")
    _check_elementwise("value", value)
    if integral is not None:
        validation.function("integral", integral, "a function of JAX, elementwise")
        _check_elementwise("integral", integral)

    whole = None if integral is None else _OfJax(integral)
    return Activation(name, value=_OfJax(value), slope=_SlopeOfJax(value), integral=whole, grows=True)


# Objects and not closures: they can be pickled where the user's function can. Equal only to themselves: what a function
# closes over may have changed when it is given once more.
@dataclass(frozen=True, eq=False)
class _OfJax:
    """A user's function of JAX for arrays of either module."""

    function: Callable[[Any], Any]

    def __call__(self, drive: Any, xp: ModuleType) -> Any:
        if xp is not np:
            return self.function(drive)
        import jax.numpy as jnp

        from curldescent.foundation.arithmetic import arithmetic

        with arithmetic():
            return np.asarray(self.function(jnp.asarray(drive)))


@dataclass(frozen=True, eq=False)
class _SlopeOfJax:
    """Its slope, by differentiation."""

    function: Callable[[Any], Any]

    def __call__(self, drive: Any, activity: Any, xp: ModuleType) -> Any:
        return _OfJax(self._slope)(drive, xp)

    def _slope(self, drive: Any) -> Any:
        import jax

        return jax.jvp(self.function, (drive,), (jax.numpy.ones_like(drive),))[1]


def _check_elementwise(name: str, function: Callable[[Any], Any]) -> None:
    """Refuse what JAX cannot trace, or what is not elementwise, with what it said."""
    import jax

    from curldescent.foundation.arithmetic import arithmetic

    with arithmetic():
        try:
            made = jax.eval_shape(function, jax.ShapeDtypeStruct((2, 3), "float64"))  # type: ignore[no-untyped-call]
        except Exception as fault:
            raise InputError(
                f"{name} must be a function of JAX (jax.numpy, not NumPy), elementwise, but it raised "
                f"{type(fault).__name__}"
            ) from fault
    if getattr(made, "shape", None) == (2, 3):
        points = jax.numpy.linspace(-1.3, 1.7, 6).reshape(2, 3)
        with arithmetic():
            alone = [[float(function(points[i : i + 1, j : j + 1])[0, 0]) for j in range(3)] for i in range(2)]
            together = np.asarray(function(points))
        if not np.allclose(alone, together, rtol=1e-5, equal_nan=True):
            raise InputError(f"{name} must be elementwise: what it makes of a number depends on the others")
    else:
        raise InputError(f"{name} must be elementwise: of an array of shape (2, 3) it made {validation.shown(made)}")
