"""The figures beyond the paper: experiments build, claims can go either way, pictures draw."""

from functools import cache
from itertools import product

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent.paper import Computation, Results, figure
from curldescent.paper.beyond import graded, inputs, joint, norms, outputs
from curldescent.paper.machinery import lyapunov_runs
from curldescent.paper.machinery.fates import finite_size_margin
from curldescent.plots.coordinates import cell_borders
from curldescent.theory import Spectrum, critical_ratio

mpl.use("agg")
KEYS = ("joint", "graded", "outputs", "norms", "lyapunov", "inputs")
# The scale whose grids the constructed data have: large enough to decide every claim.
SCALE = "standard"


def arguments(key, name, scale=SCALE):
    return figure(key).experiments(scale)[name].arguments


def mapped(coordinates, law, *, trials, n_inputs, obey=True):
    """A map of fates that follow the limit, or that do the opposite."""
    shape = tuple(map(len, coordinates.values()))
    laws = [law(**dict(zip(coordinates, point, strict=True))) for point in product(*coordinates.values())]
    predicted = np.array([one.lambda_min for one in laws]).reshape(shape)
    margin = np.array([finite_size_margin(one, n_inputs) for one in laws]).reshape(shape)
    fate = np.repeat(np.sign(predicted)[..., None], trials, axis=-1)
    dims = tuple(coordinates)
    return xr.Dataset(
        {
            "verdict": ((*dims, "trial"), (fate if obey else -fate).astype(np.int8)),
            "lowest": ((*dims, "trial"), fate),
            "updates": ((*dims, "trial"), np.full(fate.shape, 250)),
            "predicted": (dims, predicted),
            "margin": (dims, margin),
        },
        coords={name: list(values) for name, values in coordinates.items()},
    )


def joint_data(*, obey):
    out = {}
    for c in joint.RATIOS:
        given = arguments("joint", f"joint-{c:g}")
        plane = {name: given[name] for name in ("hidden", "readout")}
        law = lambda hidden, readout, c=c: Spectrum(c, hidden, readout)  # noqa: E731
        out[f"joint-{c:g}"] = mapped(plane, law, trials=given["trials"], n_inputs=given["n_inputs"], obey=obey)
    return out


def graded_data(*, obey):
    out = {}
    for layer in graded.LAYERS:
        given = arguments("graded", f"graded-{layer}")
        size = {name: given[name] for name in ("trials", "n_inputs")}
        weak = {"share": given["shares"], "strength": given["strengths"]}
        law = lambda share, strength, layer=layer: graded._law(layer, graded.weak_flips(share, strength))  # noqa: E731
        out[f"graded-{layer}"] = mapped(weak, law, **size, obey=obey)
    for name, width in (("spread", graded.SPREAD), ("equal", 0.0)):
        given = arguments("graded", f"graded-{name}")
        spread = {"ratio": given["ratios"], "share": given["shares"]}
        law = lambda ratio, share, width=width: Spectrum(ratio, readout=graded.spread_flips(share, width))  # noqa: E731
        out[f"graded-{name}"] = mapped(spread, law, **size, obey=obey)
    return out


def outputs_data(*, obey):
    out = {}
    for o in outputs.OUTPUTS:
        given = arguments("outputs", f"outputs-{o}")
        plane = {"ratio": given["ratios"], "hidden": given["hidden"]}
        # More outputs: a larger singular value.
        law = lambda ratio, hidden, o=o: Spectrum(ratio, hidden, rho=1 + 0.1 * o)  # noqa: E731
        data = mapped(plane, law, trials=given["trials"], n_inputs=given["n_inputs"], obey=obey)
        for name in ("predicted", "margin"):
            data[name] = data[name].expand_dims(trial=given["trials"], axis=-1)
        out[f"outputs-{o}"] = data.assign_attrs(n_inputs=given["n_inputs"])
    kernel = {"error": ("point", [1e-15, 1e-14 if obey else 1e-3]), "same_verdict": ("point", [True, True])}
    return {**out, "outputs-kernel": xr.Dataset(kernel)}


def norms_data(*, obey):
    out = {}
    sign = 1 if obey else -1
    for layer in norms.LAYERS:
        given, many = arguments("norms", f"norms-{layer}"), arguments("norms", f"norms-{layer}-operators")
        plane = norms.axes_of(layer, given["points"])
        data = mapped(plane, lambda ratio, **f: Spectrum(ratio, **f), trials=1, n_inputs=given["n_inputs"])
        few = data.isel(trial=[0] * given["trials"])
        out[f"norms-{layer}"] = xr.Dataset(
            {
                "free_verdict": sign * few.verdict,
                "norms_verdict": sign * few.verdict,
                "free_lowest": few.lowest,
                "norms_lowest": few.lowest,
                "predicted": data.predicted,
                "margin": data.margin,
            }
        )
        samples = data.lowest.isel(trial=[0] * many["samples"])
        small = samples.expand_dims(n_inputs=[10, 40])
        changed = small.copy(deep=True)
        # The term changes half of the verdicts at one size: the smaller, as it should, or the larger.
        changed[0 if obey else 1, ..., : many["samples"] // 2] *= -1
        out[f"norms-{layer}-operators"] = xr.Dataset(
            {"free_lowest": small, "norms_lowest": changed, "predicted": data.predicted, "margin": data.margin}
        )
        contested = {
            "free_verdict": ("network", np.full(20, sign)),
            "norms_verdict": ("network", np.full(20, -sign)),
            "free_lowest": ("network", np.full(20, 0.1)),
            "norms_lowest": ("network", np.full(20, -0.1)),
        }
        out[f"norms-{layer}-contested"] = xr.Dataset(contested, attrs={"drawn": 50})
    return out


def lyapunov_data(*, obey):
    # That moving runs are never regular takes 72 of them to say.
    parts = {name: arguments("lyapunov", name, "paper") for name in figure("lyapunov").experiments("paper")}
    hidden, trials = parts["lyapunov-1"]["hidden"], parts["lyapunov-1"]["trials"]
    out = {}
    for name, given in parts.items():
        critical = np.asarray(critical_ratio(hidden=np.array(hidden)))
        stable = np.array(given["ratios"])[:, None] < critical
        stable = np.repeat(stable[..., None], trials, axis=-1)
        # Of the unstable solutions half are left for chaos, half for regular motion; in the mirror image all runs are
        # chaotic, and those move that should rest.
        chaos = ~stable & (np.arange(trials) % 2 == 0) if obey else np.ones_like(stable)
        exponent = np.where(chaos, 0.02, 0.0)
        columns = {
            "exponent": exponent,
            "low": exponent - 0.005,
            "high": exponent + 0.005,
            "q": np.where(stable == obey, 1e-30, 0.1),
            "lowest": np.where(stable, 0.1, -0.1),
        }
        out[name] = xr.Dataset(
            {column: (("ratio", "hidden", "trial"), values) for column, values in columns.items()},
            coords={"ratio": list(given["ratios"]), "hidden": list(hidden)},
        ).assign_attrs(least=0.002)
    return out


def inputs_data(*, obey):
    out = {}
    for kind in inputs.KINDS:
        given = arguments("inputs", f"inputs-{kind}")
        plane = {"ratio": given["ratios"], "hidden": given["hidden"]}
        follows = obey or kind == "gaussian"
        data = mapped(plane, Spectrum, trials=given["trials"], n_inputs=61, obey=follows)
        out[f"inputs-{kind}"] = data.assign_attrs(condition=9.0)
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


@cache
def world(key, *, obey=True):
    """The constructed data of a figure; every use makes a copy of what it changes."""
    return DATA[key](obey=obey)


def verdicts(key, data):
    results = Results(SCALE, data)
    return {claim.name: claim.measure(results).holds for claim in figure(key).claims}


@pytest.mark.parametrize("key", KEYS)
def test_claims_are_confirmed_by_data_that_obey(key):
    assert verdicts(key, world(key)) == {claim.name: True for claim in figure(key).claims}


@pytest.mark.parametrize("key", KEYS)
def test_claims_are_refuted_by_data_that_do_the_opposite(key):
    found = verdicts(key, world(key, obey=False))
    # Where no student returns under both inputs, their speed cannot be compared.
    allowed = {"only how fast": None}
    assert found == {name: allowed.get(name, False) for name in found}


# What rests on exact numbers is never undecided.
EXACT = {"tangent kernel"}


@pytest.mark.parametrize("key", KEYS)
def test_a_few_networks_decide_nothing(key):
    few = {}
    for name, data in world(key).items():
        sizes = {dim: slice(1) for dim in data.dims if dim not in ("n_inputs", "point")}
        few[name] = data.isel(sizes)
    assert {name: holds for name, holds in verdicts(key, few).items() if holds is not None} == dict.fromkeys(
        EXACT & {claim.name for claim in figure(key).claims}, True
    )


@pytest.mark.parametrize("key", ["joint", "graded", "outputs", "inputs"])
def test_networks_that_have_not_decided_decide_nothing(key):
    """More than a tenth of the trials is neither here nor there at the end of the run."""
    late = {}
    for name, data in world(key).items():
        late[name] = data.copy(deep=True)
        if "verdict" in data:
            late[name].verdict.values.ravel()[::8] = 0
    found = verdicts(key, late)
    assert found.get("the network's own sign", found.get("the same fates")) is None


def test_shares_near_their_border_decide_nothing():
    near = {name: data.copy(deep=True) for name, data in world("joint").items()}
    for data in near.values():
        data.verdict.values.ravel()[::50] *= -1
    # One of fifty networks is on the wrong side: 98 % are right.
    assert verdicts("joint", near)["the network's own sign"] is None
    some = {name: data.copy(deep=True) for name, data in world("lyapunov").items()}
    for data in some.values():
        data.q.values.ravel()[::10] = np.where(data.q.values.ravel()[::10] > 1e-10, 1e-30, 0.1)
    assert verdicts("lyapunov", some)["q follows theory"] is None
    rare = {name: data.copy(deep=True) for name, data in world("norms").items()}
    operators = rare["norms-hidden-operators"]
    largest = operators.norms_lowest[1]
    one_in_fifty = np.arange(largest.size).reshape(largest.shape) % 50 == 0
    operators.norms_lowest[1] = np.where(one_in_fifty, -1, 1) * largest
    assert verdicts("norms", rare)["rarely"] is None


def test_speeds_are_compared_by_an_interval():
    def found(factors):
        pixels = world("inputs")["inputs-gaussian"].copy(deep=True)
        pixels["updates"] = pixels.updates * np.resize(factors, pixels.updates.shape)
        return inputs.speed(Results(SCALE, {**world("inputs"), "inputs-pixels": pixels})).holds

    assert found([2.0]) is True
    assert found([0.5]) is False
    assert found([1.0]) is False
    assert found([0.5, 2.0]) is None


@pytest.mark.parametrize("key", KEYS)
def test_pictures_draw(key):
    picture = figure(key).draw(Results(SCALE, world(key)))
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
