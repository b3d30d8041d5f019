"""Where stability is lost: the critical compression ratio, the critical fraction, and their inverse functions."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.activations import Activation
from curldescent.theory import _closed_forms, _kernel_boundary, _poles
from curldescent.theory._critical_solver import first_loss, second_gain
from curldescent.theory._kernel_student import KernelStudent, checked
from curldescent.theory._strengths import StrengthsLike, parse_strengths
from curldescent.theory.sign_flips import broadcast_arguments, four_poles, lambda_min, required, scalar_or_array

Array = NDArray[np.float64]
LAYERS = ("hidden", "readout")
# The paper's, where nobody says.
INPUT_VARIANCE = 0.5
_LINEAR_SIZE = (
    "n_inputs belongs to nonlinear students: of linear ones see cd.theory.stability_probability, or leave it out for "
    "the limit"
)


def critical_ratio(
    hidden: ArrayLike | Mapping[float, float] | None = None,
    readout: ArrayLike | Mapping[float, float] | None = None,
    *,
    rho: float | None = None,
    sigma2: float | None = None,
    activation: "str | Activation" = "linear",
    samples_per_input: float | None = None,
    scale: float | None = None,
    input_variance: float = INPUT_VARIANCE,
    n_inputs: int | None = None,
) -> float | Array:
    """The compression ratio at which random zero-loss solutions lose their stability: stable for every c below it.

    Args:
        hidden: fraction of rule-flipped inputs, scalar or array; or a mapping {strength: probability}.
        readout: the same for hidden neurons; fractions of both layers broadcast.
        rho: ‖w2‖². Linear students, for which only its ratio to `sigma2` matters, have 1 by default, others what
            `scale` says.
        sigma2: σ², M times the variance of a hidden weight; the same default.
        activation: "linear", or a nonlinear one: a built-in's name or one of ``cd.activation``.
        samples_per_input: p = P/M; nonlinear students need it, and linear ones only below 1, where samples are fewer
            than inputs.
        scale: of uniform weights, σ² = ρ = scale²/3; 1 by default. Nonlinear students only.
        input_variance: τ, the variance of an input. Nonlinear students only.
        n_inputs: M, for where the median of `KernelSpectrum(…, n_inputs=M)` is lost instead of the limit's eigenvalue;
            an exact 0 then flips nothing. Nonlinear students only.

    Returns:
        c*, in the broadcast shape (a float for scalars); infinite where no ratio is unstable.

    Raises:
        InputError: neither layer given, a fraction outside [0, 1], shapes that do not broadcast, a nonlinear
            activation without samples_per_input, n_inputs of linear students, or with n_inputs a loss below a ratio of
            0.01, where finite size is not known.

    Conventions at zero: ``hidden`` given alone is the boundary of flipping inputs, continuous down to its limit 2/3 as
    α → 0⁺ (at exactly 0 nothing is flipped and nothing unstable). Given both layers, an exact 0 means that
    nothing is flipped in that layer.

    With ρ > σ², or with graded strengths, a network may become stable again at large ratios: see `stable_ratios`.

    Source: docs/theory.md, sections "Each layer alone" and "The critical surface". Ninou, Kadmon, Cayco-Gajic
    (NeurIPS 2025, arXiv:2510.02765) for each layer alone; the joint and graded cases are this project's own. Nonlinear
    students: docs/nonlinear_theory.md; their first loss is looked for eight times a decade, from 1e-8 to 1e4.

    >>> critical_ratio(hidden=1.0)
    0.25
    >>> critical_ratio(readout=[0.0, 0.1, 0.5])
    array([       inf, 0.48237798, 0.        ])
    >>> round(critical_ratio(hidden=0.2, readout=0.2), 4)
    0.111
    >>> round(critical_ratio(readout=0.1, activation="tanh", samples_per_input=2.5), 3)
    0.144
    """
    if hidden is None and readout is None:
        raise InputError("critical_ratio needs hidden=…, readout=… or both, got neither")
    student = nonlinear(activation, samples_per_input, scale, rho, sigma2, input_variance)
    if student is not None:
        return _nonlinear_ratio(student, hidden, readout, _size(student, n_inputs))
    if n_inputs is not None:
        raise InputError(_LINEAR_SIZE)
    rho, sigma2 = linear_scales(rho, sigma2)
    if isinstance(hidden, Mapping) or isinstance(readout, Mapping):
        limits = stable_ratios(_scalar("hidden", hidden), _scalar("readout", readout), rho=rho, sigma2=sigma2)
        return limits[0][1] if limits and limits[0][0] == 0 else 0.0
    if readout is None:
        (alpha,) = broadcast_arguments(hidden=hidden)
        if rho == sigma2:
            return scalar_or_array(_closed_forms.hidden_ratio(alpha))
        exact = _surface(alpha, np.zeros_like(alpha), rho, sigma2)
        return scalar_or_array(np.where(alpha == 0, 2 * sigma2 / (2 * rho + sigma2), exact))
    h, r = broadcast_arguments(hidden=0.0 if hidden is None else hidden, readout=readout)
    out = np.empty(h.shape)
    only_readout = (h == 0) & (rho == sigma2)
    only_hidden = (r == 0) & (h > 0) & (rho == sigma2)
    joint = ~(only_readout | only_hidden)
    out[only_readout] = _closed_forms.readout_ratio(r[only_readout])
    out[only_hidden] = _closed_forms.hidden_ratio(h[only_hidden])
    if joint.any():
        out[joint] = _surface(h[joint], r[joint], rho, sigma2)
    return scalar_or_array(out)


def nonlinear(
    activation: "str | Activation",
    samples_per_input: float | None,
    scale: float | None,
    rho: float | None,
    sigma2: float | None,
    input_variance: float,
) -> KernelStudent | None:
    """The student whose kernel decides, or None where K does: for linear students with samples enough."""
    few = samples_per_input is not None and validation.positive("samples_per_input", samples_per_input) < 1
    tau = validation.positive("input_variance", input_variance)
    if isinstance(activation, str) and activation == "linear" and not few:
        if scale is not None:
            validation.positive("scale", scale)
            raise InputError("scale belongs to nonlinear students: stability of linear ones depends on rho/sigma2 only")
        if tau != INPUT_VARIANCE:
            raise InputError(
                "input_variance belongs to nonlinear students: stability of linear ones depends on rho/sigma2 only"
            )
        return None
    return checked(activation, samples_per_input, scale=scale, rho=rho, sigma2=sigma2, input_variance=input_variance)


def linear_scales(rho: float | None, sigma2: float | None) -> tuple[float, float]:
    """ρ and σ² of linear students, 1 by default."""
    return (
        1.0 if rho is None else validation.positive("rho", rho),
        1.0 if sigma2 is None else validation.positive("sigma2", sigma2),
    )


def _size(student: KernelStudent, n_inputs: object) -> int | None:
    if n_inputs is None:
        return None
    if student.linear:
        raise InputError(_LINEAR_SIZE)
    return validation.integer("n_inputs", n_inputs, minimum=2)


def _nonlinear_ratio(student: KernelStudent, hidden: object, readout: object, size: int | None) -> float | Array:
    if isinstance(hidden, Mapping) or isinstance(readout, Mapping):
        d1, d2 = (parse_strengths(n, _scalar(n, g)) for n, g in (("hidden", hidden), ("readout", readout)))
        one = _kernel_boundary.first_loss(
            lambda c, _: _kernel_boundary.lambda_min_of(student, c, d1, d2, size), 1, size
        )
        return float(_known(one, size)[0])
    alone = readout is None
    h, r = broadcast_arguments(hidden=0.0 if hidden is None else hidden, readout=0.0 if alone else readout)  # type: ignore[arg-type]
    vanishing = alone and size is None
    flat_h, flat_r = (np.maximum(h, _kernel_boundary.VANISHING) if vanishing else h).ravel(), r.ravel()
    found = np.full(h.size, np.inf)
    # Without a flip G has no negative eigenvalue; the distance of a median from zero is only known to first order.
    flipped = np.flatnonzero((flat_h > 0) | (flat_r > 0)) if size is not None else np.arange(h.size)
    found[flipped] = _known(
        _kernel_boundary.first_loss(
            lambda c, i: _kernel_boundary.lambda_min(student, c, flat_h[flipped[i]], flat_r[flipped[i]], size),
            flipped.size,
            size,
        ),
        size,
    )
    return scalar_or_array(found.reshape(h.shape))


def _known(ratios: Array, size: int | None) -> Array:
    """Refuse what was lost before the first ratio of finite size."""
    if size is not None and (ratios == 0).any():
        raise InputError(
            f"n_inputs={size}: stability is lost below a ratio of {_kernel_boundary.SMALLEST_RATIO:g}, where "
            "corrections of finite size are not small; leave n_inputs out for the limit"
        )
    return ratios


def _surface(h: Array, r: Array, rho: float, sigma2: float) -> Array:
    """c* for exact fractions of both layers, by its stationarity condition in y."""
    positions, weights = four_poles(h, r, rho, sigma2)
    return first_loss(sigma2 * (1 - 2 * r), positions, weights, np.where(h > 0, -rho, rho))


def _scalar(name: str, given: object) -> StrengthsLike:
    if given is None:
        return 0.0
    if isinstance(given, Mapping):
        return given
    try:
        return validation.fraction(name, given)
    except InputError:
        raise InputError(
            f"{name} must be one fraction between 0 and 1 where the other layer is a mapping, got "
            f"{validation.shown(given)}"
        ) from None


def stable_ratios(
    hidden: StrengthsLike = 0.0, readout: StrengthsLike = 0.0, *, rho: float = 1.0, sigma2: float = 1.0
) -> list[tuple[float, float]]:
    """Every interval of compression ratios on which random zero-loss solutions are stable.

    Args:
        hidden: fraction of rule-flipped inputs, or a mapping {strength: probability}; exactly 0 flips nothing.
        readout: the same for hidden neurons.
        rho: ‖w2‖². Only its ratio to `sigma2` matters.
        sigma2: σ², M times the variance of a hidden weight.

    Returns:
        Open intervals (low, high), ascending: none, one, or two. There are two where instability is confined to a
        window: few readout neurons cannot outweigh ρ D1 in a strongly compressive network.

    Raises:
        InputError: an argument outside its range.

    Source: docs/theory.md, section "The critical surface".

    >>> stable_ratios(hidden=1.0)
    [(0.0, 0.25)]
    >>> low, high = stable_ratios(readout={1: 0.6, -0.5: 0.4})
    >>> round(low[1], 3), round(high[0], 2)
    (0.136, 1.33)
    """
    rho, sigma2 = validation.positive("rho", rho), validation.positive("sigma2", sigma2)
    d1, d2 = parse_strengths("hidden", hidden), parse_strengths("readout", readout)
    lowest = rho * d1.values[0]
    if d2.plastic == 0:
        return [(0.0, np.inf)] if lowest > 0 else []
    if lowest == 0 and d2.values[0] >= 0:
        # K is positive semidefinite: it is positive as long as the readout term covers the frozen inputs.
        return [(0.0, d2.plastic / d1.weights[0])]
    law = _poles.expand(1.0, d1, d2, rho, sigma2)
    arguments = (np.array(law.offset), law.positions, law.residues)
    first = float(first_loss(*arguments, np.array(lowest)))
    if first == np.inf:
        return [(0.0, np.inf)]
    second = float(second_gain(*arguments, np.array(lowest)))
    intervals = [(0.0, first)] if first > 0 else []
    return intervals + ([(second, np.inf)] if second < np.inf else [])


def critical_fraction(
    ratio: ArrayLike,
    layer: str,
    *,
    other: ArrayLike = 0.0,
    rho: float | None = None,
    sigma2: float | None = None,
    activation: "str | Activation" = "linear",
    samples_per_input: float | None = None,
    scale: float | None = None,
    input_variance: float = INPUT_VARIANCE,
) -> float | Array:
    """The flipped fraction of one layer up to which random zero-loss solutions are stable; inverse of `critical_ratio`.

    Args:
        ratio: compression ratio c = M/N, scalar or array.
        layer: "hidden" or "readout": whose fraction.
        other: flipped fraction of the other layer, held; broadcast with the ratio.
        rho: ‖w2‖²; here and in what follows as in `critical_ratio`.
        sigma2: σ², M times the variance of a hidden weight.
        activation: "linear", or a nonlinear one.
        samples_per_input: p = P/M.
        scale: of uniform weights, σ² = ρ = scale²/3.
        input_variance: τ.

    Returns:
        α*, shape of ratio (a float for a float): stable for 0 < α < α*. It is 1 where every fraction is stable and 0
        where every positive fraction is unstable.

    Raises:
        InputError: a ratio that is not positive, an unknown layer, or other outside [0, 1].

    Source: docs/theory.md, section "Each layer alone".

    >>> critical_fraction([0.2, 0.25, 0.7], "hidden")
    array([1., 1., 0.])
    >>> round(critical_fraction(ratio=0.5, layer="readout"), 6)
    0.09732
    """
    validation.choice("layer", layer, LAYERS)
    c, held = broadcast_arguments(ratio=required("ratio", ratio), other=required("other", other))
    student = nonlinear(activation, samples_per_input, scale, rho, sigma2, input_variance)
    if student is None:
        rho, sigma2 = linear_scales(rho, sigma2)
        if rho == sigma2 and not held.any():
            closed = _closed_forms.hidden_fraction if layer == "hidden" else _closed_forms.readout_fraction
            return scalar_or_array(closed(c))

    def stable(alpha: Array) -> NDArray[np.bool_]:
        hidden, readout = (alpha, held) if layer == "hidden" else (held, alpha)
        if student is not None:
            return _kernel_boundary.lambda_min(student, c, hidden, readout) > 0
        return np.asarray(lambda_min(c, hidden, readout, rho=rho, sigma2=sigma2)) > 0  # type: ignore[arg-type]

    # K and G fall with every sign that is flipped, so stability ends at one fraction: bisection cannot miss it.
    low, high = np.zeros_like(c), np.ones_like(c)
    for _ in range(60):
        middle = 0.5 * (low + high)
        ok = stable(middle)
        low, high = np.where(ok, middle, low), np.where(ok, high, middle)
    return scalar_or_array(np.where(stable(np.ones_like(c)), 1.0, np.where(low == 0, 0.0, 0.5 * (low + high))))
