"""Which flips a parameter gets: by its own name whatever it is wrapped in, and by its layer's layout."""

import numpy as np
import pytest

import curldescent as cd
from tests.optimizers.torch_models import ALL_PLUS, FLIPS, batches, build, model, strengths_of

torch = pytest.importorskip("torch")
# Of PyTorch's own calls of its own functions.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning"),
]


class Wrapped(torch.nn.Module):
    """As data parallelism spells names, without its processes."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x)


def parametrized(module):
    torch.nn.utils.parametrize.register_parametrization(module[2], "weight", torch.nn.Identity())
    return module


WRAPPERS = {
    "compiled": torch.compile,
    "data parallel": torch.nn.DataParallel,
    "like DDP": Wrapped,
    "compiled like DDP": lambda m: torch.compile(Wrapped(m)),
    "like compiled DDP": lambda m: Wrapped(torch.compile(m)),
    "average": torch.optim.swa_utils.AveragedModel,
    "compiled inside": lambda m: torch.nn.Sequential(torch.compile(m[0]), m[1], torch.compile(m[2])),
    "parametrized": parametrized,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_flips_depend_on_the_parameter_not_on_its_wrapper(wrap):
    plain, inside = model(), model()
    wrapped = wrap(inside)
    expected = strengths_of(plain)
    by_spelling = cd.Signature(
        {n: 0.4 for n, _ in wrapped.named_parameters() if "weight" in n} | {"2.bias": 0.5}, seed=3
    )
    explicit = {n: torch.as_tensor(s) for n, s in expected.items()}
    for signature in (FLIPS, by_spelling, explicit):
        for params in (wrapped, wrapped.named_parameters()):
            p = build(signature, params)
            for (name, strengths), tensor in zip(
                sorted(expected.items()), [q for _, q in sorted(plain.named_parameters())], strict=True
            ):
                (kept,) = [k for q, k in p._strengths._kept.items() if p._strengths._known[q] == name]
                np.testing.assert_array_equal(kept.expand(tensor.shape), strengths)
    network = cd.analysis.network(wrapped, inputs=batches()[0][0], strengths=FLIPS)
    flat = np.concatenate([expected[n].ravel() for n, _ in plain.named_parameters()])
    assert (network.strengths < 0).sum() == (flat < 0).sum()


def test_names_a_user_gave_stay():
    """A submodule that is called "module" beside others is no wrapper."""

    class Pair(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module, self.head = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)

    optimizer = build(cd.Signature({"module.weight": 1.0}), Pair())
    assert optimizer.state_dict()["param_groups"][0]["param_names"][0] == "module.weight"
    with pytest.raises(cd.InputError, match="no parameter matches 'weight'"):
        build(cd.Signature({"weight": 1.0}), Pair())


def test_lazy_modules_are_refused_until_they_have_shapes():
    lazy = torch.nn.LazyLinear(2)
    with pytest.raises(cd.InputError, match="'weight' has no shape yet"):
        build(ALL_PLUS, lazy)
    lazy(torch.ones(1, 3))
    assert len(build(ALL_PLUS, lazy).param_groups[0]["params"]) == 2


def test_embeddings_and_transposed_convolutions_flip_what_comes_in():
    """Their weights have presynaptic neurons along the first axis, those of other layers along the second."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.up = torch.nn.Embedding(6, 2), torch.nn.ConvTranspose1d(4, 2, 3)
            self.out = torch.nn.Linear(4, 2)

    half = cd.Signature({"*.weight": 0.5}, seed=None)
    for module in (Net(), torch.nn.DataParallel(Net())):
        optimizer = cd.optimizers.torch.curl_descent(module, 1.0, half)
        optimizer.add_param_group(
            {"params": torch.nn.Embedding(2, 3), "signature": cd.Signature({"weight": [-1.0, 1.0]})}
        )
        found = {}
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                before = parameter.detach().clone()
                parameter.grad = torch.ones_like(parameter)
                found[parameter] = before
        optimizer.step()
        signs = [torch.sign(before - p.detach()).numpy() for p, before in found.items() if p.ndim > 1]
        np.testing.assert_array_equal(signs[0], [[-1, -1]] * 3 + [[1, 1]] * 3)
        np.testing.assert_array_equal(signs[1][:, 0, 0], [-1, -1, 1, 1])
        np.testing.assert_array_equal(signs[2], [[-1, -1, 1, 1]] * 2)
        np.testing.assert_array_equal(signs[3], [[-1] * 3, [1] * 3])
    said = cd.Signature({"table.weight": 0.5}, seed=None, presynaptic_axis=1)
    optimizer = cd.optimizers.torch.curl_descent(Net(), 1.0, said)
    np.testing.assert_array_equal(optimizer.state_dict()["param_groups"][0]["strengths"][0], [[-1, 1]])


def test_an_analysis_of_a_module_knows_the_same_layouts():
    module = torch.nn.Sequential(torch.nn.Embedding(6, 2), torch.nn.Flatten(), torch.nn.Linear(2, 1)).double()
    x, y = torch.arange(6)[:, None], torch.ones(6, 1, dtype=torch.float64)
    network = cd.analysis.network(module, inputs=x, targets=y, strengths=cd.Signature({"0.weight": 0.5}, seed=None))
    np.testing.assert_array_equal(network.named(network.strengths)["0.weight"], [[-1, -1]] * 3 + [[1, 1]] * 3)
    assert len([name for name in cd.analysis.neurons(network) if name.startswith("0.weight")]) == 6
