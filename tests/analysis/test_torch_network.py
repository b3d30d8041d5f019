import jax.numpy as jnp
import numpy as np
import pytest

import curldescent as cd

torch = pytest.importorskip("torch")
# PyTorch's forward mode warns of its own use of its own torch.jit.script.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")


def both(*, loss="squared", batch_size=3):
    """The same network as a module and as a JAX function."""
    rng = np.random.default_rng(0)
    params = {
        f"{i}": {"weight": rng.standard_normal((b, a)) / a**0.5, "bias": 0.1 * rng.standard_normal(b)}
        for i, (a, b) in enumerate([(3, 5), (5, 4)])
    }
    module = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Linear(5, 4)).double()
    for i, layer in params.items():
        for kind, value in layer.items():
            getattr(module[int(i)], kind).data = torch.tensor(value)
    module.insert(1, torch.nn.Tanh())
    x = rng.standard_normal((8, 3))
    y = rng.integers(0, 4, 8) if loss == "cross_entropy" else rng.standard_normal((8, 4))
    rules = {"0.weight": 0.4, "*.weight": 0.6}
    theirs = cd.analysis.network(
        module, inputs=x, targets=y, strengths=cd.Signature(rules, seed=None), loss=loss, batch_size=batch_size
    )

    def model(p, x):
        h = jnp.tanh(x @ p["0"]["weight"].T + p["0"]["bias"])
        return h @ p["1"]["weight"].T + p["1"]["bias"]

    ours = cd.analysis.network(
        model, params, x, y, strengths=cd.Signature(rules, seed=None), loss=loss, batch_size=batch_size
    )
    return theirs, ours


@pytest.mark.parametrize("loss", [pytest.param("squared", marks=pytest.mark.slow), "cross_entropy"])
def test_module_and_function_agree(loss):
    theirs, ours = both(loss=loss)
    assert theirs.loss() == pytest.approx(ours.loss(), rel=1e-12)
    for name in ("stability", "jacobian_spectrum"):
        a, b = (getattr(cd.analysis, name)(n, method="dense").eigenvalues for n in (theirs, ours))
        # Eigenvalues of a matrix that is not normal are accurate to the square root of rounding.
        np.testing.assert_allclose(np.sort(a.real), np.sort(b.real), atol=1e-12 if name == "stability" else 1e-6)
    free = cd.analysis.stability(theirs, method="matrix-free", resolution=1e-8)
    assert free.lambda_min == pytest.approx(cd.analysis.stability(ours).lambda_min, abs=1e-10)
    assert cd.analysis.curl(theirs).antisymmetric == pytest.approx(cd.analysis.curl(ours).antisymmetric, rel=1e-11)
    assert cd.analysis.circulation(theirs, radius=0.1).certified


def test_the_module_is_left_alone():
    module = torch.nn.Linear(2, 1)
    before = [p.clone() for p in module.parameters()]
    network = cd.analysis.network(module, inputs=torch.ones(3, 2), strengths={"weight": -1.0, "bias": 1.0})
    cd.analysis.stability(network)
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
    assert all(p.dtype == torch.float32 and p.grad is None for p in module.parameters())
    np.testing.assert_array_equal(network.strengths, [-1, -1, 1])


def test_bad_input():
    module, x = torch.nn.Linear(2, 1), torch.ones(3, 2)
    with pytest.raises(cd.InputError, match="leave params out"):
        cd.analysis.network(module, {}, x)
    with pytest.raises(cd.InputError, match="mapping with the names weight, bias"):
        cd.analysis.network(module, inputs=x, strengths={"weight": 1.0})
    with pytest.raises(cd.InputError, match="one row per sample"):
        cd.analysis.network(module, inputs=x, targets=torch.ones(2, 1))
    with pytest.raises(cd.InputError, match="at least one parameter"):
        cd.analysis.network(torch.nn.Tanh(), inputs=x)
