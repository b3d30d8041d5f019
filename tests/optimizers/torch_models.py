"""A small PyTorch model, its data, and ways to train it: what the tests of the optimizer share."""

from functools import partial

import pytest

import curldescent as cd

torch = pytest.importorskip("torch")

ALL_PLUS = cd.Signature({})
FLIPS = cd.Signature({"*weight": 0.4, "2.bias": 0.5}, seed=3)
LR = 0.1


def build(signature, params, **options):
    return cd.optimizers.torch.curl_descent(params, LR, signature, **options)


def model(dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)).to(dtype)


def batches(dtype=torch.float64, count=4):
    generator = torch.Generator().manual_seed(1)
    return [
        (torch.randn(7, 3, generator=generator).to(dtype), torch.randn(7, 2, generator=generator).to(dtype))
        for _ in range(count)
    ]


def error(module, x, y):
    return ((module(x) - y) ** 2).mean()


def strengths_of(module, signature=FLIPS):
    return signature.resolve({n: tuple(p.shape) for n, p in module.named_parameters()})


def signed_hooks(module, signature):
    """Gradients arrive multiplied by the strengths: the independent way to say S ∘ ∂C/∂θ."""
    for name, strengths in strengths_of(module, signature).items():
        p = module.get_parameter(name)
        p.register_hook(partial(torch.mul, torch.as_tensor(strengths).to(p)))


def train(module, optimizer, *, dtype=torch.float64, each=None):
    for i, (x, y) in enumerate(batches(dtype)):
        optimizer.zero_grad()
        error(module, x, y).backward()
        if each is not None:
            each(module, optimizer, i)
        optimizer.step()


def same(a, b):
    for (name, p), q in zip(a.named_parameters(), b.parameters(), strict=True):
        assert torch.equal(p, q), name
