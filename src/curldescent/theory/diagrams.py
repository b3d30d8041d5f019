"""Phase diagrams as labelled arrays."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import memory, quantities, validation
from curldescent.foundation.errors import InputError
from curldescent.model.activations import Activation
from curldescent.theory import _kernel_boundary
from curldescent.theory.critical import critical_fraction, critical_ratio, linear_scales, nonlinear
from curldescent.theory.sign_flips import lambda_min

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
PLANES = ("hidden", "readout", "joint")
QUANTITIES = ("stable", "lambda_min")
# The range of the paper's phase diagrams.
_RATIOS = (-3.0, 2.0)


def phase_diagram(
    plane: str,
    *,
    resolution: int = 500,
    quantity: str = "stable",
    ratio: float | None = None,
    ratios: ArrayLike | None = None,
    fractions: ArrayLike | None = None,
    rho: float | None = None,
    sigma2: float | None = None,
    activation: "str | Activation" = "linear",
    samples_per_input: float | None = None,
    scale: float | None = None,
    input_variance: float = 0.5,
) -> "xr.DataArray":
    """Stability of random zero-loss solutions over a plane of parameters.

    Args:
        plane: "hidden" or "readout": flipped fraction of that layer against compression ratio, the other layer
            unflipped; "joint": both fractions, at one ratio.
        resolution: points along each axis whose values are not given.
        quantity: "stable" (booleans) or "lambda_min" (the lowest eigenvalue).
        ratio: the ratio of a joint diagram; required there, and only there.
        ratios: ratios of a single-layer diagram, by default from 1e-3 to 1e2, evenly in the logarithm.
        fractions: fractions along each fraction axis, by default from 0 to 1.
        rho: ‖w2‖²; here and in what follows as in `critical_ratio`.
        sigma2: M times the variance of a hidden weight.
        activation: "linear", or a nonlinear one: λ_min is then that of P·G/M, as in `KernelSpectrum`.
        samples_per_input: p = P/M; nonlinear students need it.
        scale: of uniform weights, σ² = ρ = scale²/3. Nonlinear students only.
        input_variance: τ. Nonlinear students only.

    Returns:
        A DataArray with dimensions (fraction, ratio), and the boundary as the coordinate ``critical_ratio``; or with
        dimensions (hidden_fraction, readout_fraction), and the boundary as ``critical_fraction`` of the readout.

    Raises:
        InputError: an unknown plane or quantity, a resolution below 2, a ratio missing or out of place, or a nonlinear
            activation without samples_per_input.

    At a fraction of exactly 0, where nothing is flipped, the booleans of a hidden diagram show the limit of a vanishing
    fraction (`critical_ratio`), for every ρ and σ², so that the boundary is one line; λ_min is that of the unflipped
    network. In a joint diagram an exact 0 means that nothing is flipped in that layer.

    Source: docs/theory.md, sections "Each layer alone" and "The critical surface"; docs/nonlinear_theory.md.

    Performance: 200 x 200 points of nonlinear students take 1 to 2 s of one core, linear ones a few hundredths.

    >>> diagram = phase_diagram("hidden", resolution=5, ratios=[0.1, 0.3, 1.0])
    >>> diagram.dims, diagram.values.sum(axis=0)
    (('fraction', 'ratio'), array([5, 3, 0]))
    """
    import xarray as xr

    validation.choice("plane", plane, PLANES)
    validation.choice("quantity", quantity, QUANTITIES)
    count = validation.integer("resolution", resolution, minimum=2)
    # The law's poles at every point, and what they are found with.
    memory.require(f"a diagram of {validation.shown(count)} points along each axis", 10 * 8 * count**2)
    alpha = np.linspace(0, 1, count) if fractions is None else _axis("fractions", fractions)
    kinds: dict[str, Any] = {
        "rho": rho,
        "sigma2": sigma2,
        "activation": activation,
        "samples_per_input": samples_per_input,
        "scale": scale,
        "input_variance": input_variance,
    }
    student = nonlinear(activation, samples_per_input, scale, rho, sigma2, input_variance)
    attributes: dict[str, Any] = {"plane": plane}
    if student is None:
        scales = dict(zip(("rho", "sigma2"), linear_scales(rho, sigma2), strict=True))
        attributes.update(scales)
    else:
        attributes.update(
            rho=student.rho,
            sigma2=student.sigma2,
            activation=str(activation),
            samples_per_input=student.samples,
            input_variance=student.variance,
        )

    def lowest(ratio: ArrayLike, hidden: ArrayLike, readout: ArrayLike) -> Array:
        if student is None:
            return np.asarray(lambda_min(ratio, hidden, readout, **scales))
        c, h, r = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (ratio, hidden, readout)))
        return _kernel_boundary.lambda_min(student, c, h, r)

    if plane == "joint":
        if ratio is None or ratios is not None:
            raise InputError("a joint diagram needs ratio=… (one compression ratio), and takes no ratios")
        c = validation.positive("ratio", ratio)
        low = lowest(c, alpha[:, None], alpha)
        boundary = np.asarray(critical_fraction(c, "readout", other=alpha, **kinds))
        joint = xr.DataArray(
            low if quantity == "lambda_min" else low > 0,
            dims=("hidden_fraction", "readout_fraction"),
            coords={
                "hidden_fraction": alpha,
                "readout_fraction": alpha,
                "critical_fraction": ("hidden_fraction", boundary),
            },
            name=quantity,
            attrs={**attributes, "ratio": c},
        )
        return quantities.labelled(joint)
    if ratio is not None:
        raise InputError(f"a {plane} diagram takes ratios=…, not ratio; ratio belongs to a joint diagram")
    c_axis = np.logspace(*_RATIOS, count) if ratios is None else _axis("ratios", ratios)
    if (c_axis <= 0).any():
        raise InputError(f"ratios must be positive, got {c_axis.min():g}")
    boundary_ratio = np.asarray(
        critical_ratio(alpha, **kinds) if plane == "hidden" else critical_ratio(None, alpha, **kinds)
    )
    # With ρ above σ², and in nonlinear students, a large ratio can be stable again where readout neurons are flipped,
    # and only λ_min knows. Flipped inputs of linear students never are stable again, and at a fraction of 0 λ_min knows
    # nothing of them.
    again = student is not None or (plane == "readout" and attributes["rho"] > attributes["sigma2"])
    if quantity == "lambda_min" or again:
        flipped = alpha[:, None]
        if quantity == "stable" and plane == "hidden":
            flipped = np.maximum(flipped, _kernel_boundary.VANISHING)
        found = lowest(c_axis, *((flipped, 0.0) if plane == "hidden" else (0.0, flipped)))
        values: NDArray[Any] = found if quantity == "lambda_min" else found > 0
    else:
        values = c_axis < boundary_ratio[:, None]
    diagram = xr.DataArray(
        values,
        dims=("fraction", "ratio"),
        coords={"fraction": alpha, "ratio": c_axis, "critical_ratio": ("fraction", boundary_ratio)},
        name=quantity,
        attrs=attributes,
    )
    return quantities.labelled(diagram)


def _axis(name: str, values: ArrayLike) -> Array:
    return np.array(validation.finite_array(name, values, ndim=1))
