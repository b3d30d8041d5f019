"""The figures beyond the paper: experiments build, claims can go either way, pictures draw."""

from itertools import product

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent.paper import Computation, Results, figure
from curldescent.paper.beyond import graded, inputs, joint, norms, outputs
from curldescent.paper.machinery import lyapunov_runs
from curldescent.plots.coordinates import cell_borders
from curldescent.theory import Spectrum

mpl.use("agg")
KEYS = ("joint", "graded", "outputs", "norms", "lyapunov", "inputs")
TRIALS = 4


def mapped(coordinates, law, *, obey=True):
    """A map of fates that follow the limit, or that do the opposite."""
    shape = tuple(map(len, coordinates.values()))
    predicted = np.array(
        [law(**dict(zip(coordinates, point, strict=True))).lambda_min for point in product(*coordinates.values())]
    ).reshape(shape)
    fate = np.repeat(np.sign(predicted)[..., None], TRIALS, axis=-1)
    dims = tuple(coordinates)
    return xr.Dataset(
        {
            "verdict": ((*dims, "trial"), (fate if obey else -fate).astype(np.int8)),
            "lowest": ((*dims, "trial"), fate),
            "updates": ((*dims, "trial"), np.full(fate.shape, 250)),
            "predicted": (dims, predicted),
            "margin": (dims, np.full(shape, 1e-3)),
        },
        coords={name: list(values) for name, values in coordinates.items()},
    )


def joint_data(*, obey):
    planes = {"hidden": (0.0, 0.4, 1.0), "readout": (0.0, 0.1, 0.2, 0.4)}
    laws = {c: (lambda hidden, readout, c=c: Spectrum(c, hidden, readout)) for c in joint.RATIOS}
    return {f"joint-{c:g}": mapped(planes, law, obey=obey) for c, law in laws.items()}


def graded_data(*, obey):
    weak = {"share": (0.1, 0.5, 0.9), "strength": (0.03, 0.3, 2.0)}
    spread = {"ratio": (0.05, 0.15, 0.3), "share": (0.05, 0.15, 0.25, 0.35)}
    out = {
        f"graded-{layer}": mapped(
            weak, lambda share, strength, layer=layer: graded._law(layer, graded.weak_flips(share, strength)), obey=obey
        )
        for layer in graded.LAYERS
    }
    for name, width in (("spread", graded.SPREAD), ("equal", 0.0)):
        law = lambda ratio, share, width=width: Spectrum(ratio, readout=graded.spread_flips(share, width))  # noqa: E731
        out[f"graded-{name}"] = mapped(spread, law, obey=obey)
    return out


def outputs_data(*, obey):
    plane = {"ratio": (0.15, 0.2, 0.25, 0.4), "hidden": (0.5, 0.9, 1.0)}
    out = {}
    for o in outputs.OUTPUTS:
        # More outputs: a larger singular value.
        data = mapped(plane, lambda ratio, hidden, o=o: Spectrum(ratio, hidden, rho=1 + 0.1 * o), obey=obey)
        for name in ("predicted", "margin"):
            data[name] = data[name].expand_dims(trial=TRIALS, axis=-1)
        out[f"outputs-{o}"] = data.assign_attrs(n_inputs=30)
    kernel = {"error": ("point", [1e-15, 1e-14 if obey else 1e-3]), "same_verdict": ("point", [True, True])}
    return {**out, "outputs-kernel": xr.Dataset(kernel)}


def norms_data(*, obey):
    out = {}
    sign = 1 if obey else -1
    for layer in norms.LAYERS:
        plane = norms.axes_of(layer, 3)
        data = mapped(plane, lambda ratio, layer=layer, **f: Spectrum(ratio, **f))
        lowest = data.lowest
        out[f"norms-{layer}"] = xr.Dataset(
            {
                "free_verdict": sign * data.verdict,
                "norms_verdict": sign * data.verdict,
                "free_lowest": lowest,
                "norms_lowest": lowest,
                "predicted": data.predicted,
                "margin": data.margin,
            }
        )
        small = lowest.expand_dims(n_inputs=[10, 40])
        changed = small.copy(deep=True)
        # The term changes half of the verdicts at one size: the smaller, as it should, or the larger.
        changed[0 if obey else 1, ..., :2] *= -1
        out[f"norms-{layer}-operators"] = xr.Dataset(
            {"free_lowest": small, "norms_lowest": changed, "predicted": data.predicted, "margin": data.margin}
        )
        contested = {
            "free_verdict": ("network", np.full(5, sign)),
            "norms_verdict": ("network", np.full(5, -sign)),
            "free_lowest": ("network", np.full(5, 0.1)),
            "norms_lowest": ("network", np.full(5, -0.1)),
        }
        out[f"norms-{layer}-contested"] = xr.Dataset(contested, attrs={"drawn": 50})
    return out


def lyapunov_data(*, obey):
    ratios, hidden = (0.1, 0.2, 0.8, 2.0), (0.3, 0.6, 1.0)
    shape = (len(ratios), len(hidden), TRIALS)
    stable = np.broadcast_to((np.array(ratios) < 0.25)[:, None, None], shape)
    # Of the unstable solutions half are left for chaos, half for regular motion.
    chaos = ~stable & (np.arange(TRIALS) % 2 == 0)
    if not obey:
        stable, chaos = stable, stable | chaos | ~stable
    exponent = np.where(chaos, 0.02, 0.0)
    q = np.where(stable, 1e-30, 0.1) if obey else np.where(stable, 0.1, 1e-30)
    dims = ("ratio", "hidden", "trial")
    columns = {
        "exponent": exponent,
        "low": exponent - 0.005,
        "high": exponent + 0.005,
        "q": q,
        "lowest": np.where(stable, 0.1, -0.1),
    }
    data = xr.Dataset(
        {name: (dims, values) for name, values in columns.items()},
        coords={"ratio": list(ratios), "hidden": list(hidden)},
    ).assign_attrs(least=0.002)
    return {"lyapunov-1": data.isel(ratio=[0, 2]), "lyapunov-2": data.isel(ratio=[1, 3])}


def inputs_data(*, obey):
    plane = {"ratio": (0.15, 0.3, 0.9), "hidden": (0.0, 0.5, 1.0)}
    out = {
        f"inputs-{kind}": mapped(plane, Spectrum, obey=obey or kind == "gaussian").assign_attrs(condition=9.0)
        for kind in inputs.KINDS
    }
    if obey:
        out["inputs-pixels"]["updates"] = 10 * out["inputs-pixels"].updates
    return out


DATA = {
    "joint": joint_data,
    "graded": graded_data,
    "outputs": outputs_data,
    "norms": norms_data,
    "lyapunov": lyapunov_data,
    "inputs": inputs_data,
}


@pytest.mark.parametrize("key", KEYS)
def test_experiments_build_at_every_scale(key):
    subject = figure(key)
    assert subject.origin == "beyond"
    names = [set(subject.experiments(scale)) for scale in ("quick", "standard", "paper")]
    assert names[0] == names[1] == names[2]
    for scale in ("quick", "standard", "paper"):
        for experiment in subject.experiments(scale).values():
            assert isinstance(experiment, Computation)
            assert experiment.fingerprint
    fingerprints = {e.fingerprint for e in subject.experiments("quick").values()}
    assert len(fingerprints) == len(names[0])


@pytest.mark.parametrize("key", KEYS)
def test_claims_are_confirmed_by_data_that_obey(key):
    results = Results("quick", DATA[key](obey=True))
    assert {claim.name: claim.measure(results).holds for claim in figure(key).claims} == {
        claim.name: True for claim in figure(key).claims
    }


@pytest.mark.parametrize("key", KEYS)
def test_claims_are_not_confirmed_by_data_that_do_the_opposite(key):
    results = Results("quick", DATA[key](obey=False))
    found = {claim.name: claim.measure(results).holds for claim in figure(key).claims}
    # Where no student returns under both inputs, their speed cannot be compared.
    allowed = {"only how fast": None}
    assert found == {name: allowed.get(name, False) for name in found}


def test_equal_speed_is_not_a_difference():
    data = inputs_data(obey=True)
    data["inputs-pixels"]["updates"] = data["inputs-gaussian"].updates
    assert inputs.speed(Results("quick", data)).holds is False


@pytest.mark.parametrize("key", KEYS)
def test_pictures_draw(key):
    picture = figure(key).draw(Results("quick", DATA[key](obey=True)))
    picture.canvas.draw()
    assert len(picture.axes) >= 3
    plt.close(picture)


@pytest.mark.parametrize(
    ("compute", "arguments"),
    [
        (
            joint.plane,
            {"ratio": 0.5, "n_inputs": 4, "hidden": (0.0, 0.5), "readout": (0.0,), "trials": 2, "steps": 250},
        ),
        (
            graded.weak_map,
            {"layer": "hidden", "shares": (0.5,), "strengths": (0.5,), "n_inputs": 4, "trials": 2, "steps": 1},
        ),
        (
            graded.spread_map,
            {"spread": 1.0, "shares": (0.3,), "ratios": (0.4,), "n_inputs": 4, "trials": 2, "steps": 1},
        ),
        (
            outputs.plane,
            {"n_outputs": 3, "n_inputs": 4, "ratios": (0.5, 2.0), "hidden": (0.5,), "trials": 2, "steps": 1},
        ),
        (norms.simulated, {"layer": "readout", "points": 2, "n_inputs": 4, "trials": 2, "steps": 1}),
        (norms.operators, {"layer": "hidden", "points": 2, "sizes": (4, 6), "samples": 2}),
        (inputs.plane, {"kind": "whitened", "ratios": (2.0,), "hidden": (0.5,), "trials": 2, "steps": 1}),
        (lyapunov_runs.plane, {"ratios": (1.0,), "hidden": (1.0,), "total": 6, "trials": 2, "time": 60}),
    ],
    ids=lambda value: getattr(value, "__module__", "").rpartition(".")[-1] if callable(value) else "",
)
def test_small_computations_run_and_repeat(compute, arguments):
    first, second = (Computation(compute, arguments, identity="small").compute() for _ in range(2))
    xr.testing.assert_identical(first, second)
    assert first.sizes["trial"] == 2


def test_networks_with_two_verdicts_are_found():
    data = norms.contested("hidden", 10, 20, 20_000)
    assert data.sizes["network"] > 0
    assert (np.sign(data.free_lowest) != np.sign(data.norms_lowest)).all()


def test_kernels_of_small_networks_are_the_union_of_spectra():
    data = outputs.kernels_of(4, n_outputs=(3,), ratio=(2.0,), hidden=(0.5,), readout=(0.5,))
    assert float(data.error.max()) < 1e-10
    assert bool(data.same_verdict.all())


def test_digits_have_full_rank_and_the_variance_of_the_gaussian_inputs():
    pixels, white = (inputs.digits(whitened=whitened) for whitened in (False, True))
    covariance = pixels.T @ pixels / len(pixels)
    assert pixels.shape == (61, 61)
    np.testing.assert_allclose(np.diag(covariance), 0.5)
    assert np.linalg.eigvalsh(covariance)[0] > 0.01
    np.testing.assert_allclose(white.T @ white / len(white), 0.5 * np.eye(61), atol=1e-12)


def test_spread_magnitudes_have_mean_one():
    law = graded.spread_flips(0.3, 1.0)
    assert sum(law.values()) == pytest.approx(1)
    assert sum(abs(d) * w for d, w in law.items()) == pytest.approx(1)
    assert sum(w for d, w in law.items() if d < 0) == pytest.approx(0.3)


def test_the_boundary_of_weak_flips_is_where_the_law_loses_stability():
    share = graded.boundary_share("readout", 0.5)
    below, above = (Spectrum(graded.RATIO, readout=graded.weak_flips(share + e, 0.5)).stable for e in (-1e-3, 1e-3))
    assert (below, above) == (True, False)


def test_a_resting_student_has_no_exponent_and_no_order_parameter():
    data = lyapunov_runs.column(0.15, (0.4,), 24, 1, 400.0)
    assert float(data.lowest[0, 0, 0]) > 0
    assert float(data.q[0, 0, 0]) < 1e-20
    assert abs(float(data.exponent[0, 0, 0])) < 1e-2


def test_borders_of_cells():
    np.testing.assert_allclose(cell_borders([1, 2, 4], logarithmic=False), [0.5, 1.5, 3, 5])
    np.testing.assert_allclose(cell_borders([1, 100], logarithmic=True), [0.1, 10, 1000])
    np.testing.assert_allclose(cell_borders([2.0], logarithmic=False), [1.5, 2.5])
