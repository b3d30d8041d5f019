"""The PyTorch optimizer beside torch.optim.SGD: all strengths one is the same optimizer, to the bit; others are SGD on
gradients that a hook multiplies by the strengths."""

from functools import partial

import numpy as np
import pytest

import curldescent as cd
from tests.optimizers.torch_models import (
    ALL_PLUS,
    FLIPS,
    LR,
    batches,
    build,
    error,
    model,
    same,
    signed_hooks,
    strengths_of,
    train,
)

torch = pytest.importorskip("torch")
# Of PyTorch's own calls of its own functions.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning"),
]


OPTIONS = {
    "plain": {},
    "momentum": {"momentum": 0.9, "dampening": 0.1},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "weight_decay": {"weight_decay": 0.05, "momentum": 0.5},
    "maximize": {"maximize": True, "weight_decay": 0.01},
    "foreach": {"foreach": True, "momentum": 0.9},
    "for loop": {"foreach": False, "momentum": 0.9},
    "fused": {"fused": True, "momentum": 0.9},
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("signature", [ALL_PLUS, FLIPS], ids=["all plus", "flips"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_is_sgd_on_signed_gradients(options, signature, dtype):
    ours, theirs = model(dtype), model(dtype)
    signed_hooks(theirs, signature)
    train(ours, build(signature, ours, **options), dtype=dtype)
    train(theirs, torch.optim.SGD(theirs.parameters(), LR, **options), dtype=dtype)
    same(ours, theirs)


def halve_late(module, optimizer, i):
    for group in optimizer.param_groups:
        group["lr"] = LR if i < 2 else LR / 2


def clip(module, optimizer, i):
    torch.nn.utils.clip_grad_norm_(module.parameters(), 0.05)


def drop_one(module, optimizer, i):
    if i == 1:
        module[0].bias.grad = None


def unfreeze(module, optimizer, i):
    module[0].weight.requires_grad_(i >= 1)
    if i < 1:
        module[0].weight.grad = None


@pytest.mark.parametrize("each", [halve_late, clip, drop_one, unfreeze])
def test_what_happens_between_steps(each):
    """Rates, clipping, missing gradients, and parameters that are unfrozen later."""
    ours, theirs = model(), model()
    if each is not clip:  # clipping sees the gradient before the signs here, after them with a hook
        signed_hooks(theirs, FLIPS)
    signature = ALL_PLUS if each is clip else FLIPS
    train(ours, build(signature, ours, momentum=0.9), each=each)
    train(theirs, torch.optim.SGD(theirs.parameters(), LR, momentum=0.9), each=each)
    same(ours, theirs)


def test_parameters_frozen_at_first_learn_later():
    module = model()
    module[0].requires_grad_(requires_grad=False)
    optimizer = build(FLIPS, module)
    module[0].requires_grad_()
    before = module[0].weight.detach().clone()
    train(module, optimizer)
    assert not torch.equal(module[0].weight, before)
    optimizer.zero_grad()
    assert module[0].weight.grad is None


def test_groups_with_their_own_rate_and_signature():
    ours, theirs = model(), model()
    head = {"weight": -1.0, "bias": torch.tensor([1.0, -0.5])}
    optimizer = cd.optimizers.torch.curl_descent(
        [{"params": [("0.weight", ours[0].weight)], "lr": 0.3}, {"params": []}, {"params": [("0.bias", ours[0].bias)]}],
        LR,
        FLIPS_OF_FIRST,
        momentum=0.5,
    )
    optimizer.add_param_group({"params": ours[2], "signature": head, "lr": 0.2})
    signs = strengths_of(ours, FLIPS_OF_FIRST) | {"2.weight": np.array(-1.0), "2.bias": np.array([1.0, -0.5])}
    for name, p in theirs.named_parameters():
        p.register_hook(partial(torch.mul, torch.tensor(signs[name])))
    reference = torch.optim.SGD(
        [
            {"params": [theirs[0].weight], "lr": 0.3},
            {"params": [theirs[0].bias]},
            {"params": theirs[2].parameters(), "lr": 0.2},
        ],
        LR,
        momentum=0.5,
    )
    train(ours, optimizer)
    train(theirs, reference)
    same(ours, theirs)
    assert optimizer.param_groups[3]["steps"] == 4


FLIPS_OF_FIRST = cd.Signature({"0.weight": 0.7}, seed=1)


def test_a_group_added_later_follows_the_optimizers_signature_and_schedule():
    module = model()
    optimizer = cd.optimizers.torch.curl_descent(
        [("0.weight", module[0].weight)], LR, cd.Signature({"*.weight": 1.0}), amount=lambda step: float(step < 1)
    )
    p = module[2].weight
    module[0].weight.grad, p.grad = torch.ones_like(module[0].weight), torch.ones_like(p)
    optimizer.step()
    optimizer.add_param_group({"params": [("2.weight", p)]})
    before = p.detach().clone()
    optimizer.step()  # the second step: the curl is over
    torch.testing.assert_close(p.detach(), before - LR)


def test_sparse_gradients():
    def one(make, signature=None):
        torch.manual_seed(0)
        table = torch.nn.Embedding(6, 4, sparse=True)
        optimizer = make(table)
        for _ in range(3):
            optimizer.zero_grad()
            (table(torch.tensor([1, 4, 4])) ** 2).sum().backward()
            if signature is not None:
                table.weight.grad = (table.weight.grad.to_dense() * signature).to_sparse(1)
            optimizer.step()
        return table.weight.detach()

    signs = torch.tensor([1.0, -1.0, 1.0, 0.5])
    ours = one(lambda t: build({"weight": signs}, t))
    torch.testing.assert_close(ours, one(lambda t: torch.optim.SGD(t.parameters(), LR), signs))
    assert torch.equal(one(lambda t: build(ALL_PLUS, t)), one(lambda t: torch.optim.SGD(t.parameters(), LR)))


def test_complex_parameters():
    p, q = (torch.nn.Parameter(torch.tensor([1 + 2j, 3 - 1j])) for _ in range(2))
    optimizer, reference = build({"p": [1.0, -1.0]}, [("p", p)]), torch.optim.SGD([q], LR)
    p.grad = torch.tensor([1 - 1j, 2 + 1j])
    q.grad = torch.tensor([1 - 1j, -2 - 1j])
    optimizer.step()
    reference.step()
    assert torch.equal(p, q)
    with pytest.raises(cd.InputError, match="real parameters"):
        build({"p": 1.0}, [("p", p)], correction="sga").step(lambda: (p.abs() ** 2).sum())


def test_rates_of_zero_and_tensors_and_schedulers():
    module, other = model(), model()
    before = module[0].weight.detach().clone()
    still = cd.optimizers.torch.curl_descent(module, 0, FLIPS)
    train(module, still)
    assert torch.equal(module[0].weight, before)
    optimizer = cd.optimizers.torch.curl_descent(module, torch.tensor(LR), ALL_PLUS, momentum=0.9)
    reference = torch.optim.SGD(other.parameters(), torch.tensor(LR), momentum=0.9)
    train(module, optimizer)
    train(other, reference)
    same(module, other)
    for opt in (optimizer, reference):
        opt.param_groups[0]["lr"] = LR
    schedules = [torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.2, total_steps=5) for opt in (optimizer, reference)]
    for m, opt, schedule in zip((module, other), (optimizer, reference), schedules, strict=True):
        train(m, opt, each=lambda m, o, i, schedule=schedule: i and schedule.step())
    same(module, other)


def test_scaled_losses_and_hooks_and_closures():
    """GradScaler; hooks run once a step whatever was built before; a closure is called once."""
    module, other = model(torch.float32), model(torch.float32)
    calls = []
    reference = torch.optim.SGD(other.parameters(), LR)
    optimizer = build(ALL_PLUS, module)
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    for m, opt in ((module, optimizer), (other, reference)):
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        for x, y in batches(torch.float32):
            opt.zero_grad(set_to_none=False)
            scaler.scale(error(m, x, y)).backward()
            scaler.step(opt)
            scaler.update()
    same(module, other)
    assert calls == ["before", "after"] * 4
    x, y = batches(torch.float32)[0]

    def closure():
        calls.append("closure")
        optimizer.zero_grad()
        loss = error(module, x, y)
        loss.backward()
        return loss

    expected = error(module, x, y).item()
    assert optimizer.step(closure).item() == expected
    assert calls.count("closure") == 1


@pytest.mark.slow
def test_it_compiles():
    ours, theirs = model(), model()
    optimizer = build(FLIPS, ours, momentum=0.9)
    step = torch.compile(optimizer.step, backend="eager")
    for x, y in batches():
        optimizer.zero_grad()
        error(ours, x, y).backward()
        step()
    train(theirs, build(FLIPS, theirs, momentum=0.9))
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-12, atol=0)


def test_one_can_differentiate_through_a_step():
    start = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    p = start.clone()
    optimizer = build({"p": [1.0, -1.0]}, [("p", p)], differentiable=True)
    p.grad = start * 3.0
    optimizer.step()  # p = start (1 ∓ 0.3)
    (found,) = torch.autograd.grad(p.sum(), start)
    torch.testing.assert_close(found, torch.tensor([0.7, 1.3], dtype=torch.float64))


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate:UserWarning")
def test_tied_and_repeated_parameters():
    shared = torch.nn.Linear(3, 3)
    tied = torch.nn.Sequential(shared, torch.nn.Tanh(), shared)
    assert len(build(cd.Signature({"0.weight": 0.5}), tied).param_groups[0]["params"]) == 2
    pairs = list(tied.named_parameters(remove_duplicate=False))
    with pytest.raises(cd.InputError, match=r"'0.weight' and '2.weight' are one tensor"):
        build(cd.Signature({"0.weight": 1.0}), pairs)
    optimizer = build(ALL_PLUS, tied)
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [("0.weight", shared.weight)]})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("correction", ["sga", "aligned-sga", "extragradient"])
def test_corrections_with_decay_and_maximisation(correction):
    """θ ← θ − η (ξ + μ Aᵀξ), ξ = −S ∘ ∂C/∂θ + w θ, dense; a frozen parameter and an unused one beside."""
    torch.manual_seed(0)
    matrix = torch.randn(3, 3, dtype=torch.float64)
    matrix = matrix + matrix.T
    start, signs, w, mu = torch.randn(3, dtype=torch.float64), torch.tensor([1.0, -1.0, 1.0]).double(), 0.1, 0.7
    p = torch.nn.Parameter(start.clone())
    frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    unused = torch.nn.Parameter(torch.ones(2))
    optimizer = build(
        {"p": signs, "frozen": -1.0, "unused": 1.0},
        [("p", p), ("frozen", frozen), ("unused", unused)],
        correction=correction,
        correction_strength=mu,
        maximize=True,
        weight_decay=w,
    )
    optimizer.step(lambda: 0.5 * p @ matrix @ p)

    def xi(t):
        return -signs * (matrix @ t) + w * t

    jacobian = -signs[:, None] * matrix + w * torch.eye(3)
    field = xi(start)
    if correction == "extragradient":
        # The decay is that of the point ahead.
        field = xi(start - LR * field)
    else:
        adjustment = (jacobian - jacobian.T).T @ field / 2
        if correction == "aligned-sga":
            h = jacobian.T @ field
            mu = mu * torch.sign((field @ h) * (adjustment @ h) / 7 + 0.1)
        field = field + mu * adjustment
    torch.testing.assert_close(p.detach(), start - LR * field, rtol=1e-12, atol=1e-14)
    assert torch.equal(frozen, torch.ones(2))
    assert torch.equal(unused.detach(), torch.ones(2))
    assert p.grad is None
