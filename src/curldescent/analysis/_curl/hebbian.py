"""Where curl comes from: Hebbian plasticity in circuits whose neurons have signs (the paper's figure 1).

A recurrent network of excitatory and inhibitory neurons, y = f + W D y, with synaptic magnitudes W, Dale signs D and
inputs f, is to first order y = (I + W D) f. A Hebbian rule that multiplies postsynaptic activity with presynaptic
input, possibly with a sign p per presynaptic neuron (anti-Hebbian where −1), moves the magnitudes along

    F(W) = ⟨y fᵀ⟩ P = (I + W D) C P,        C = ⟨f fᵀ⟩.

It acts on every row of W by the matrix B = D C P, so its Jacobian is I ⊗ Bᵀ, and F is a gradient exactly when B is
symmetric, d_i C_ij p_j = p_i C_ij d_j for all i, j:

    C_ij = 0 wherever d_i p_i ≠ d_j p_j.                                                                     (1)

With P = I this is D C = C D: always for excitatory neurons alone, with inhibitory ones only where their inputs are
uncorrelated with the excitatory ones'. With P = D (excitatory Hebbian, inhibitory anti-Hebbian) it is a gradient for
every input. Signs per postsynaptic neuron, P F, change nothing: the condition stays (1) with p = 1.

The rule that multiplies two activities, ⟨y yᵀ⟩, is to first order in W

    F(W) = C + W D C + C D Wᵀ,

a gradient exactly when D C is a multiple of the identity: testing the symmetry of its Jacobian on pairs (A, B) gives
tr(AᵀB X) + tr([A, B] D C) = 0 with X = D C − C D; A = I forces X = 0, and then D C commutes with every matrix. As C is
positive, the neurons must all have one sign and white inputs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.analysis._curl.share import antisymmetric_share
from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.fields.precision import DOUBLE, SAFETY
from curldescent.model.flips import strengths_array
from curldescent.model.plasticity import Plasticity

Array = NDArray[np.float64]
FORMS = ("input", "activity")


@dataclass(frozen=True, eq=False)
class HebbianNetwork:
    """Hebbian plasticity of the recurrent synapses of an excitatory–inhibitory network.

    Args:
        dale: D, (N,), each neuron's sign, ±1: what its synapses do to others.
        covariance: C = ⟨f fᵀ⟩ of the inputs, (N, N), symmetric and positive semi-definite.
        plasticity: P, (N,), sign or strength of each presynaptic neuron's rule: 1 Hebbian (default), −1 anti-Hebbian.
        form: "input": ΔW ∝ ⟨y fᵀ⟩ P. "activity": ΔW ∝ ⟨y yᵀ⟩ P to first order in W.

    Raises:
        InputError: shapes that do not fit, signs other than ±1, a matrix that is no covariance.

    Source: the paper's figure 1; the conditions are derived at the top of this module and in docs/curl_sources.md.

    Example:
        >>> from curldescent.analysis import HebbianNetwork
        >>> correlated = [[1.0, 0.5], [0.5, 1.0]]
        >>> HebbianNetwork([1, -1], correlated).is_gradient, HebbianNetwork([1, 1], correlated).is_gradient
        (False, True)
        >>> HebbianNetwork([1, -1], correlated, plasticity=[1, -1]).is_gradient
        True
    """

    dale: Array
    covariance: Array
    plasticity: Array
    form: str
    precision: float

    def __init__(
        self, dale: ArrayLike, covariance: ArrayLike, *, plasticity: ArrayLike | None = None, form: str = "input"
    ) -> None:
        signs = validation.finite_array("dale", dale, ndim=1)
        if not (np.abs(signs) == 1).all():
            raise InputError(f"dale must hold signs, 1 or −1, got {signs.tolist()}")
        c = validation.finite_array("covariance", covariance, ndim=2)
        validation.shape("covariance", c, (len(signs), len(signs)), "(neurons, neurons)")
        scale = np.abs(c).max()
        # A covariance computed in float32 is one to seven digits.
        rounding = _precision(covariance) * len(signs)
        slack = max(1e-10, SAFETY * rounding if rounding > 1e-10 else 0.0) * scale
        if np.abs(c - c.T).max() > slack or np.linalg.eigvalsh(c)[0] < -slack:
            raise InputError("covariance must be symmetric and positive semi-definite")
        p = strengths_array("plasticity", np.ones(len(signs)) if plasticity is None else plasticity, ndim=1)
        validation.shape("plasticity", p, signs.shape, "(one per presynaptic neuron)")
        for name, value in (("dale", signs), ("covariance", c), ("plasticity", p)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "form", validation.choice("form", form, FORMS))
        object.__setattr__(self, "precision", _precision(covariance))

    def field(self, magnitudes: ArrayLike) -> Array:
        """ΔW/η at first order in W.

        Args:
            magnitudes: W, (N, N), row i holding the synapses onto neuron i.

        Returns:
            (N, N).
        """
        w = validation.finite_array("magnitudes", magnitudes, ndim=2)
        through = w * self.dale @ self.covariance
        if self.form == "input":
            return (self.covariance + through) * self.plasticity
        return (self.covariance + through + through.T) * self.plasticity

    def exact_field(self, magnitudes: ArrayLike) -> Array:
        """ΔW/η with the steady state y = (I − W D)⁻¹ f instead of its first order.

        Args:
            magnitudes: W, (N, N), weak enough that I − W D is invertible.

        Returns:
            (N, N).
        """
        w = validation.finite_array("magnitudes", magnitudes, ndim=2)
        response = np.linalg.inv(np.eye(len(w)) - w * self.dale)
        if self.form == "input":
            return response @ self.covariance * self.plasticity
        return response @ self.covariance @ response.T * self.plasticity

    def jacobian(self) -> Array:
        """∂F/∂W on row-major flattened W, (N², N²): the same at every W, as the field is affine."""
        n = len(self.dale)
        start = self.field(np.zeros((n, n)))
        units = np.eye(n * n).reshape(-1, n, n)
        return np.stack([(self.field(unit) - start).ravel() for unit in units], axis=1)

    @property
    def curl(self) -> float:
        """Share of the Jacobian's squared Frobenius norm in its antisymmetric part: 0 for a gradient, at most 1."""
        return antisymmetric_share(self.jacobian())[0]

    @property
    def violation(self) -> float:
        """How far condition (1) is from holding, 0 where it does; for form "input".

        The largest |C_ij (d_i p_j − p_i d_j)|, relative to the largest entry of C.
        """
        d, p = self.dale, self.plasticity
        return float(np.abs(self.covariance * (np.outer(d, p) - np.outer(p, d))).max() / np.abs(self.covariance).max())

    @property
    def is_gradient(self) -> bool:
        """Whether some function of W has this field as its gradient: Jacobian symmetric to the covariance's rounding.

        An estimated covariance is never exactly zero where it ought to be; `curl` and `violation` say how far it is.
        """
        return self.curl < max(1e-24, (SAFETY * self.precision) ** 2)


def _precision(values: ArrayLike) -> float:
    """Machine epsilon of the type that values came in; at least that of float64."""
    dtype = getattr(values, "dtype", np.dtype(float))
    return max(DOUBLE, float(np.finfo(dtype).eps)) if np.issubdtype(dtype, np.floating) else DOUBLE


def dales_law(inputs: ArrayLike, hidden: ArrayLike) -> Plasticity:
    """The plasticity of a two-layer network whose synapses do not know the sign of their neuron.

    Weights are magnitudes times presynaptic Dale signs, W = U D. A rule that changes every magnitude by the error
    signal it would have as an excitatory synapse, ΔU = −η ∂C/∂W, changes the weights by ΔW = ΔU D = −η (∂C/∂W) D:
    curl descent with D1 and D2 the Dale signs of inputs and hidden neurons. The gradient on magnitudes is
    (∂C/∂W) D instead, and a rule that follows it is gradient descent.

    Args:
        inputs: Dale signs of the input neurons, (M,).
        hidden: of the hidden neurons, (N,).

    Returns:
        The `Plasticity` for `curldescent.train`. Magnitudes are not kept from changing sign.

    Raises:
        InputError: signs other than ±1.

    Source: the paper's motivation of sign-diverse plasticity (figure 1).

    Example:
        >>> from curldescent.analysis import dales_law
        >>> dales_law([1, 1, -1], [1, -1]).readout
        array([ 1., -1.])
    """
    checked = []
    for name, signs in (("inputs", inputs), ("hidden", hidden)):
        array = validation.finite_array(name, signs, ndim=1)
        if not (np.abs(array) == 1).all():
            raise InputError(f"{name} must hold signs, 1 or −1, got {array.tolist()}")
        checked.append(array)
    return Plasticity(hidden=checked[0], readout=checked[1])
