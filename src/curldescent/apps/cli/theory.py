"""`curldescent theory`: predictions on the command line."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from curldescent.apps.cli.output import print_json, print_table
from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

app = App(help="Predict stability from random-matrix theory, without simulating.")

# τ, that of the paper.
INPUT_VARIANCE = 0.5

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object; null stands for infinity.")]
Out = Annotated[Path | None, Parameter(name="--out", help="Folder that gets the result as JSON, and the picture.")]
Many = Annotated[list[float] | None, Parameter(consume_multiple=True)]
Rho = Annotated[float | None, Parameter(name="--rho")]
Sigma2 = Annotated[float | None, Parameter(name="--sigma2")]
Activation = Annotated[str, Parameter(name="--activation")]
SamplesPerInput = Annotated[float | None, Parameter(name="--samples-per-input")]
Scale = Annotated[float | None, Parameter(name="--scale")]


@app.command(name="critical-ratio")
def critical_ratio(
    *,
    hidden: Many = None,
    readout: Many = None,
    rho: Rho = None,
    sigma2: Sigma2 = None,
    activation: Activation = "linear",
    samples_per_input: SamplesPerInput = None,
    scale: Scale = None,
    json: Json = False,
    out: Out = None,
) -> None:
    """Print the compression ratio c = M/N below which random solutions are stable.

    Examples: `curldescent theory critical-ratio --hidden 1.0` gives 0.25;
    `curldescent theory critical-ratio --hidden 0.2 --readout 0.05 0.1 --json` pairs both layers;
    `curldescent theory critical-ratio --readout 0.1 --activation tanh --samples-per-input 2.5` is of tanh students.

    Args:
        hidden: Fraction of rule-flipped inputs, one or several.
        readout: Fraction of rule-flipped hidden neurons, one or several; one is paired with several.
        rho: Squared norm ρ of the readout weights; 1 by default, of nonlinear students scale²/3.
        sigma2: σ², M times the variance of a hidden weight; the same default.
        activation: linear, or that of a nonlinear student: tanh, relu, sigmoid, gelu, softplus.
        samples_per_input: P/M, samples over inputs; nonlinear students need it, linear ones only below 1.
        scale: Of a nonlinear student's uniform weights, within ±scale/√fan-in; 1 by default.
        json: Print one JSON object; null stands for infinity.
        out: Folder for critical_ratio.json.
    """
    import numpy as np

    from curldescent import theory

    student = _student(rho, sigma2, activation, samples_per_input, scale)
    values = np.atleast_1d(np.asarray(theory.critical_ratio(_one_or_many(hidden), _one_or_many(readout), **student)))
    given = {name: np.broadcast_to(v, values.shape) for name, v in (("hidden", hidden), ("readout", readout)) if v}
    result = {**given, "critical_ratio": values, **_used(student)}
    columns = [*given, "critical ratio"]
    rows = list(zip(*(_digits(given[name]) for name in given), _digits(values), strict=True))
    _report(result, columns, rows, json=json, out=out, name="critical_ratio")


@app.command(name="critical-fraction")
def critical_fraction(
    layer: str,
    *,
    ratio: Annotated[list[float], Parameter(consume_multiple=True)],
    other: float = 0.0,
    rho: Rho = None,
    sigma2: Sigma2 = None,
    activation: Activation = "linear",
    samples_per_input: SamplesPerInput = None,
    scale: Scale = None,
    json: Json = False,
    out: Out = None,
) -> None:
    """Print the flipped fraction of a layer up to which random solutions are stable.

    Examples: `curldescent theory critical-fraction readout --ratio 0.5`;
    `curldescent theory critical-fraction hidden --ratio 0.3 0.5 --other 0.05 --json`.

    Args:
        layer: hidden or readout.
        ratio: Compression ratio c = M/N, one or several.
        other: Flipped fraction of the other layer.
        rho: Squared norm ρ of the readout weights; 1 by default, of nonlinear students scale²/3.
        sigma2: σ², M times the variance of a hidden weight; the same default.
        activation: linear, or that of a nonlinear student: tanh, relu, sigmoid, gelu, softplus.
        samples_per_input: P/M, samples over inputs; nonlinear students need it, linear ones only below 1.
        scale: Of a nonlinear student's uniform weights, within ±scale/√fan-in; 1 by default.
        json: Print one JSON object.
        out: Folder for critical_fraction.json.
    """
    import numpy as np

    from curldescent import theory

    student = _student(rho, sigma2, activation, samples_per_input, scale)
    values = np.asarray(theory.critical_fraction(ratio, layer, other=other, **student))
    result = {"layer": layer, "ratio": ratio, "other": other, "critical_fraction": values, **_used(student)}
    rows = list(zip(_digits(ratio), _digits(values), strict=True))
    _report(result, ["ratio", f"critical fraction, {layer}"], rows, json=json, out=out, name="critical_fraction")


@app.command
def spectrum(
    *,
    ratio: float,
    hidden: str = "0",
    readout: str = "0",
    rho: Rho = None,
    sigma2: Sigma2 = None,
    activation: Activation = "linear",
    samples_per_input: SamplesPerInput = None,
    scale: Scale = None,
    sample: int | None = None,
    points: int = 200,
    seed: int = 0,
    json: Json = False,
    out: Out = None,
) -> None:
    """Print the law of K, or of a nonlinear student's kernel: verdict, bands, atoms; with --out density and picture.

    Examples: `curldescent theory spectrum --ratio 0.5 --hidden 0.3 --readout 0.1`;
    `curldescent theory spectrum --ratio 4 --hidden 1:0.7,-0.5:0.3 --sample 400 --out results/law`;
    `curldescent theory spectrum --ratio 0.5 --readout 0.2 --activation relu --samples-per-input 2.5 --sample 200`.

    Args:
        ratio: Compression ratio c = M/N.
        hidden: Flipped fraction of the inputs, or strength:probability pairs such as 1:0.7,-0.5:0.3.
        readout: The same for the hidden neurons.
        rho: Squared norm ρ of the readout weights; 1 by default, of nonlinear students scale²/3.
        sigma2: σ², M times the variance of a hidden weight; the same default.
        activation: linear, or that of a nonlinear student: tanh, relu, sigmoid, gelu, softplus. Eigenvalues are then
            those of P·G in units of M.
        samples_per_input: P/M, samples over inputs; nonlinear students need it, linear ones only below 1.
        scale: Of a nonlinear student's uniform weights, within ±scale/√fan-in; 1 by default.
        sample: Also draw a matrix with this many inputs, and give its smallest eigenvalue.
        points: Points per band of the density in --json and --out.
        seed: Seed of the sample.
        json: Print one JSON object.
        out: Folder for spectrum.json, spectrum.png and spectrum.pdf.
    """
    import numpy as np

    from curldescent import theory
    from curldescent.foundation import validation

    per_band = validation.integer("points", points, minimum=2, maximum=10**6)
    student = _student(rho, sigma2, activation, samples_per_input, scale)
    used = _used(student)
    flips = (_strengths("hidden", hidden), _strengths("readout", readout))
    law: theory.Spectrum | theory.KernelSpectrum
    if "input_variance" in used:
        law = theory.KernelSpectrum(ratio, *flips, **student)
    else:
        law = theory.Spectrum(ratio, *flips, used["rho"], used["sigma2"])
    drawn = None if sample is None else law.sample(sample, validation.integer("seed", seed, minimum=0))
    x = np.concatenate([[], *(np.linspace(low, high, per_band) for low, high in law.edges)])
    result: dict[str, Any] = {
        "ratio": law.ratio,
        "hidden": law.hidden,
        "readout": law.readout,
        **used,
        "stable": law.stable,
        "lambda_min": law.lambda_min,
        "edges": law.edges,
        "atoms": [{"location": a, "weight": w} for a, w in law.atoms.tolist()],
    }
    rows = [
        ("verdict", "stable" if law.stable else "unstable"),
        ("smallest eigenvalue", f"{law.lambda_min:.6g}"),
    ]
    atoms = [(f"atom at {a:.6g}", f"mass {w:.4g}") for a, w in law.atoms]
    if isinstance(law, theory.Spectrum):
        mean, second = law.moments(2)
        result |= {"lambda_max": law.lambda_max, "band_masses": law.band_masses, "moments": law.moments(4)}
        for i, ((low, high), mass) in enumerate(zip(law.edges, law.band_masses, strict=True), start=1):
            rows.append((f"band {i}", f"{low:.6g} to {high:.6g}, mass {mass:.4g}"))
        rows += [*atoms, ("mean, variance", f"{mean:.6g}, {second - mean**2:.6g}")]
    else:
        result["outliers"] = law.outliers
        rows += [(f"band {i}", f"{low:.6g} to {high:.6g}") for i, (low, high) in enumerate(law.edges, start=1)]
        rows += atoms
        rows += [("outlier", f"{value:.6g}" if np.isfinite(value) else "grows with M") for value in law.outliers]
    if drawn is not None:
        result["sample"] = drawn
        rows.append((f"smallest of {drawn.size} sampled", f"{drawn[0]:.6g}"))
    result["density"] = {"x": x, "density": law.density(x) if x.size else x}

    def draw() -> "Figure":
        from curldescent.plots.spectra import spectrum as picture

        return picture(law, drawn)

    matrix = "K" if isinstance(law, theory.Spectrum) else "P·G/M"
    _report(result, ["", f"law of {matrix} at c = {ratio:g}"], rows, json=json, out=out, name="spectrum", draw=draw)


@app.command(name="phase-diagram")
def phase_diagram(
    plane: str,
    *,
    resolution: int = 500,
    quantity: str = "stable",
    ratio: float | None = None,
    rho: Rho = None,
    sigma2: Sigma2 = None,
    activation: Activation = "linear",
    samples_per_input: SamplesPerInput = None,
    scale: Scale = None,
    json: Json = False,
    out: Out = None,
) -> None:
    """Compute a phase diagram: hidden or readout flips against c, or both fractions at one c.

    Examples: `curldescent theory phase-diagram readout --out results/fig2`;
    `curldescent theory phase-diagram joint --ratio 0.2 --quantity lambda_min --out results/joint`;
    `curldescent theory phase-diagram readout --activation tanh --samples-per-input 2.5 --resolution 100`.

    Args:
        plane: hidden, readout or joint.
        resolution: Points along each axis.
        quantity: stable or lambda_min.
        ratio: Compression ratio of a joint diagram.
        rho: Squared norm ρ of the readout weights; 1 by default, of nonlinear students scale²/3.
        sigma2: σ², M times the variance of a hidden weight; the same default.
        activation: linear, or that of a nonlinear student: tanh, relu, sigmoid, gelu, softplus.
        samples_per_input: P/M, samples over inputs; nonlinear students need it, linear ones only below 1.
        scale: Of a nonlinear student's uniform weights, within ±scale/√fan-in; 1 by default.
        json: Print one JSON object with the whole array.
        out: Folder for phase_diagram.json, phase_diagram.png and phase_diagram.pdf.
    """
    from curldescent import theory

    student = _student(rho, sigma2, activation, samples_per_input, scale)
    diagram = theory.phase_diagram(plane, resolution=resolution, quantity=quantity, ratio=ratio, **student)
    share = float((diagram > 0).mean())
    result = {
        **diagram.attrs,
        **_used(student),
        "quantity": quantity,
        "dims": list(diagram.dims),
        "coords": {str(name): c.values for name, c in diagram.coords.items() if name != "ratio" or c.ndim},
        "stable_share": share,
        "values": diagram.values,
    }
    rows = [("points", "{} x {}".format(*diagram.shape)), ("stable", f"{100 * share:.1f} %")]

    def draw() -> "Figure":
        from curldescent.plots.theory import lambda_min_map, phase_diagrams

        return phase_diagrams([diagram]) if quantity == "stable" else lambda_min_map(diagram)

    _report(result, ["", f"{plane} diagram"], rows, json=json, out=out, name="phase_diagram", draw=draw)


def _report(
    result: dict[str, Any],
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    json: bool,
    out: Path | None,
    name: str,
    draw: "Callable[[], Figure] | None" = None,
) -> None:
    """Print the result in the form asked for, then write it where --out says, and its picture."""
    if json:
        print_json(f"theory {name.replace('_', '-')}", result)
    else:
        print_table(columns, rows)
    if out is None:
        return
    from curldescent.plots.report import write_result

    write_result(out, name, result, draw=draw)


def _student(
    rho: float | None,
    sigma2: float | None,
    activation: str,
    samples_per_input: float | None,
    scale: float | None,
) -> dict[str, Any]:
    """The options that say what the students are, as the library's functions take them."""
    return {
        "rho": rho,
        "sigma2": sigma2,
        "activation": activation,
        "samples_per_input": samples_per_input,
        "scale": scale,
        "input_variance": INPUT_VARIANCE,
    }


def _used(student: dict[str, Any]) -> dict[str, Any]:
    """What the students are when defaults are filled in; with an activation only where their kernel decides."""
    from curldescent.theory.critical import linear_scales, nonlinear

    given = {name: student[name] for name in ("samples_per_input", "scale") if student[name] is not None}
    kernel = nonlinear(**student)
    if kernel is None:
        rho, sigma2 = linear_scales(student["rho"], student["sigma2"])
        return {"rho": rho, "sigma2": sigma2, **given}
    return {
        "rho": kernel.rho,
        "sigma2": kernel.sigma2,
        "activation": str(kernel.activation),
        **given,
        "input_variance": kernel.variance,
    }


def _one_or_many(values: list[float] | None) -> float | list[float] | None:
    """A single value broadcasts against the other layer's list."""
    if values is None or len(values) != 1:
        return values
    return values[0]


def _digits(values: Any) -> list[str]:
    return [f"{float(v):.10g}" for v in values]


def _strengths(name: str, text: str) -> float | dict[float, float]:
    """Read a fraction, or strength:probability pairs separated by commas."""
    try:
        if ":" not in text:
            return float(text)
        pairs = [pair.split(":") for pair in text.split(",")]
        return {float(strength): float(probability) for strength, probability in pairs}
    except ValueError:
        raise InputError(
            f"--{name} must be a fraction, or pairs strength:probability separated by commas, got {text!r}"
        ) from None
