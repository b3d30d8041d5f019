"""Layers of every kind under analysis: derivatives beside finite differences, or a refusal in a sentence."""

import numpy as np
import pytest

import curldescent as cd

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional
# Of PyTorch's own calls of its own functions.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*nested_tensor:UserWarning"),
    pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad:UserWarning"),
]


class Last(nn.Module):
    """The last output of a recurrent layer."""

    def __init__(self, kind, **options):
        super().__init__()
        self.recurrent = kind(2, 2, batch_first=True, **options)

    def forward(self, x):
        return self.recurrent(x)[0][:, -1]


class Of(nn.Module):
    """A linear layer, and a function of its outputs."""

    def __init__(self, function, layer=None):
        super().__init__()
        self.layer, self.function = layer or nn.Linear(3, 2), function

    def forward(self, x):
        return self.function(self.layer, x)


class Cube(torch.autograd.Function):
    """In the old style, which torch.func refuses."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return 3 * ctx.saved_tensors[0] ** 2 * g


def by_sign(layer, x):
    """Control flow that depends on the data of one sample."""
    return torch.stack([layer(row) if row.sum() > 0 else 2 * layer(row) for row in x])


def in_place(layer, x):
    h = layer(x)
    h += 1
    return F.softplus(h, threshold=3).mul_(2)


def checkpointed(layer, x):
    return torch.utils.checkpoint.checkpoint(lambda x: layer(x).tanh(), x, use_reentrant=False)


def tied():
    shared = nn.Linear(3, 3)
    return nn.Sequential(shared, nn.Tanh(), shared)


def frozen():
    module = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    module[0].requires_grad_(requires_grad=False)
    return module


def hooked():
    module = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    module[0].register_forward_hook(lambda m, args, out: 2 * out)
    module[1].register_full_backward_hook(lambda m, g_in, g_out: None)
    return module


def encoder():
    return nn.Sequential(nn.TransformerEncoderLayer(2, 1, 3, batch_first=True), nn.Flatten())


def attention(layer, x):
    return layer(x, x, x, need_weights=False)[0].flatten(1)


def norm(kind):
    return nn.Sequential(nn.Linear(3, 4), kind, nn.Tanh(), nn.Linear(4, 2))


WORKS = {
    "RNN": (lambda: Last(nn.RNN), (4, 2)),
    "RNN, relu, two layers": (lambda: Last(nn.RNN, nonlinearity="relu", num_layers=2), (4, 2)),
    "LSTM": (lambda: Last(nn.LSTM), (4, 2)),
    "LSTM, both ways": (lambda: Last(nn.LSTM, bidirectional=True, proj_size=1), (3, 2)),
    "GRU": (lambda: Last(nn.GRU), (4, 2)),
    "BatchNorm": (lambda: norm(nn.BatchNorm1d(4)), (3,)),
    "LayerNorm": (lambda: norm(nn.LayerNorm(4)), (3,)),
    "Dropout": (lambda: norm(nn.Dropout(0.5)), (3,)),
    "convolution": (lambda: nn.Sequential(nn.Conv1d(1, 2, 2), nn.MaxPool1d(2), nn.Tanh(), nn.Flatten()), (1, 5)),
    "group norm": (lambda: nn.Sequential(nn.Conv1d(1, 2, 2), nn.GroupNorm(1, 2), nn.Flatten()), (1, 4)),
    "attention": (lambda: Of(attention, nn.MultiheadAttention(2, 1, batch_first=True)), (3, 2)),
    "transformer": (encoder, (2, 2)),
    "own attention": (
        lambda: Of(
            lambda layer, x: F.scaled_dot_product_attention(*layer(x)[:, None].split(2, -1)).flatten(1), nn.Linear(2, 6)
        ),
        (3, 2),
    ),
    "in place": (lambda: Of(in_place), (3,)),
    "in-place layer": (lambda: norm(nn.ELU(inplace=True)), (3,)),
    "own function": (lambda: Of(lambda layer, x: Cube.apply(layer(x))), (3,)),
    "control flow": (lambda: Of(by_sign), (3,)),
    "checkpoint": (lambda: Of(checkpointed), (3,)),
    "parametrized weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), (3,)),
    "orthogonal": (lambda: nn.utils.parametrizations.orthogonal(nn.Linear(3, 3)), (3,)),
    "old weight norm": (lambda: nn.utils.weight_norm(nn.Linear(3, 2)), (3,)),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2)), (3,)),
    "tied": (tied, (3,)),
    "frozen": (frozen, (3,)),
    "hooks": (hooked, (3,)),
    "compiled": (lambda: torch.compile(norm(nn.Tanh())), (3,)),
    "compiled inside": (lambda: nn.Sequential(torch.compile(nn.Linear(3, 4)), nn.Tanh(), nn.Linear(4, 2)), (3,)),
    "data parallel": (lambda: nn.DataParallel(norm(nn.Tanh())), (3,)),
    "bfloat16": (lambda: norm(nn.Tanh()).bfloat16(), (3,)),
    "float16": (lambda: norm(nn.Tanh()).half(), (3,)),
    "no gradient of one": (lambda: Of(lambda layer, x: layer(x) + nn.Parameter(torch.ones(2))), (3,)),
    "linear in θ": (lambda: nn.Linear(3, 1), (3,)),
}


def built(make, shape):
    torch.manual_seed(0)
    module = make().eval()
    x, y = torch.randn(4, *shape, dtype=torch.float64), None
    network = cd.analysis.network(module, inputs=x)
    y = torch.randn(4, network.n_outputs, dtype=torch.float64)
    return module, cd.analysis.network(module, inputs=x, targets=y, batch_size=3), x, y


@pytest.mark.parametrize("case", WORKS)
def test_derivatives_of_layers(case):
    module, network, x, _ = built(*WORKS[case])
    own = list(module.parameters())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    theta, step = network.theta, 1e-5
    difference = np.stack(
        [
            (network.outputs(theta + e) - network.outputs(theta - e)).ravel() / (2 * step)
            for e in step * np.eye(theta.size)
        ],
        axis=1,
    )
    assert np.abs(difference).max() > 0.01
    jacobian = network.outputs_jacobian()
    np.testing.assert_allclose(jacobian, difference, atol=1e-7)
    rng = np.random.default_rng(1)
    v, u = rng.standard_normal(theta.size), rng.standard_normal(network.n_rows)
    np.testing.assert_allclose(network.outputs_jvp(v), difference @ v, atol=1e-6)
    np.testing.assert_allclose(network.outputs_vjp(u), u @ difference, atol=1e-6)
    if "weight norm" in case:
        with pytest.raises(cd.InputError, match="second derivatives of this module are wrong"):
            network.jacobian()
        with pytest.raises(cd.InputError, match="second derivatives of this module are wrong"):
            network.hessian_product(v)
        return
    slopes = [network.gradient(theta + e) - network.gradient(theta - e) for e in step * np.eye(theta.size)]
    hessian = np.stack(slopes) / (2 * step)
    np.testing.assert_allclose(-network.jacobian(), hessian, atol=1e-6)
    np.testing.assert_allclose(network.hessian_product(v), hessian @ v, atol=1e-5)
    for name, value in module.state_dict().items():
        assert value.dtype == before[name].dtype
        assert torch.equal(value, before[name])
    assert all(p is q for p, q in zip(own, module.parameters(), strict=True))
    if case in ("LSTM", "orthogonal"):
        # The module's own arithmetic, by its own route.
        with torch.no_grad():
            np.testing.assert_allclose(network.outputs(), module.double()(x), atol=1e-12)


def test_analyses_of_a_recurrent_network():
    _, network, *_ = built(*WORKS["RNN"])
    assert cd.analysis.stability(network).verdict in ("stable", "unstable", "undecided")
    assert cd.analysis.curl(network).antisymmetric < 1e-20
    with torch.no_grad():
        cd.analysis.curl(network)
    with torch.inference_mode():
        cd.analysis.curl(network)
    with torch.autocast("cpu", torch.bfloat16):
        np.testing.assert_array_equal(network.outputs(), built(*WORKS["RNN"])[1].outputs())


def loss_by_sign(output, target):
    return 2 * (output - target).abs().sum() ** 3 if target.sum() > 0 else (output - target).pow(2).sum()


@pytest.mark.parametrize("loss", ["cross_entropy", loss_by_sign], ids=["cross entropy", "control flow"])
def test_losses(loss):
    torch.manual_seed(0)
    module, x, y = nn.Linear(3, 2).double(), torch.randn(4, 3).double(), torch.tensor([[0.3, 0.7], [1.0, -2.0]] * 2)
    network = cd.analysis.network(module, inputs=x, targets=y, loss=loss)
    outputs = module(x).detach()
    single = loss if callable(loss) else lambda o, t: -(t * o.log_softmax(0)).sum()
    if not callable(loss):
        y = y.clamp(min=0)
        network = network.with_targets(y)
        y = y.double() / y.sum(1, keepdim=True)  # what log_softmax needs; the second is one either way
    assert network.loss() == pytest.approx(float(sum(map(single, outputs, y)) / 4), rel=1e-6)
    for i in range(4):
        slope = torch.autograd.functional.jacobian(lambda o, i=i: single(o, y[i]), outputs[i])
        np.testing.assert_allclose(network.residual()[i], slope, rtol=1e-6, atol=1e-8)
        curvature = torch.autograd.functional.hessian(lambda o, i=i: single(o, y[i]), outputs[i])
        np.testing.assert_allclose(network.curvature()[i], curvature, rtol=1e-6, atol=1e-7)


def in_train_mode(module):
    return lambda: cd.analysis.network(module.train(), inputs=torch.randn(4, 3))


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        self.count += 1
        return self.layer(x)


def plain(function, x=None, module=None):
    return lambda: cd.analysis.network(module or Of(function), inputs=torch.randn(4, 3) if x is None else x)


def curl_of(function):
    return lambda: cd.analysis.curl(
        cd.analysis.network(Of(function), inputs=torch.randn(4, 3), targets=torch.randn(4, 2))
    )


REFUSED = {
    "dropout": (in_train_mode(norm(nn.Dropout(0.1))), r"outputs are random \(dropout\?\); it is in train mode"),
    "noise": (plain(lambda layer, x: layer(x) + torch.randn(2)), "outputs are random"),
    "batch norm": (in_train_mode(norm(nn.BatchNorm1d(4))), r"single samples .*train mode: call its eval\(\)"),
    "own statistics": (plain(lambda layer, x: layer(x - x.mean(0))), "independently"),
    "spectral norm": (in_train_mode(nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2))), "it changes its buffer"),
    "counter": (plain(None, module=Counting()), "it changes its buffer 'count'"),
    "time first": (
        plain(None, torch.randn(4, 5, 2), Of(lambda layer, x: layer(x)[0], nn.RNN(2, 2))),
        "independently",
    ),
    "tuple": (plain(None, torch.randn(4, 5, 2), nn.RNN(2, 2, batch_first=True)), "must return one tensor, got tuple"),
    "dict": (plain(lambda layer, x: {"logits": layer(x)}), "must return one tensor, got dict"),
    "complex outputs": (plain(lambda layer, x: layer(x) * 1j), "must return real numbers"),
    "complex": (
        plain(None, module=nn.Linear(3, 2, dtype=torch.complex64)),
        "must hold real numbers, got torch.complex64",
    ),
    "meta": (plain(None, module=nn.Linear(3, 2, device="meta")), "meta device"),
    "lazy": (plain(None, module=nn.LazyLinear(2)), "run the lazy module once"),
    "own casts": (plain(lambda layer, x: layer(x.float())), "cannot be run on single samples in float64: RuntimeError"),
    "wrong inputs": (plain(lambda layer, x: layer(x), torch.randn(4, 5)), "cannot be run on single samples"),
    "once differentiable": (curl_of(lambda layer, x: Once.apply(layer(x))), "could not compute second derivatives"),
    "reentrant checkpoint": (
        curl_of(lambda layer, x: torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=True)),
        "checkpoint hides its parameters",
    ),
    "loss with a row": (
        lambda: cd.analysis.network(
            nn.Linear(3, 2), inputs=torch.randn(4, 3), targets=torch.randn(4, 2), loss=lambda o, t: (o - t) ** 2
        ).loss(),
        "must be one number",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case):
    call, message = REFUSED[case]
    with pytest.raises(cd.InputError, match=message):
        call()


def test_a_function_that_is_differentiable_once_has_its_stability():
    network = cd.analysis.network(
        Of(lambda layer, x: Once.apply(layer(x))), inputs=torch.randn(4, 3), targets=torch.randn(4, 2)
    )
    v = np.ones(network.n_params)
    np.testing.assert_allclose(network.outputs_jvp(v), network.outputs_jacobian() @ v, rtol=1e-12)
