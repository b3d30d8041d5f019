"""What the PyTorch optimizer refuses, each in a sentence."""

import pytest

import curldescent as cd
from tests.optimizers.torch_models import ALL_PLUS, build

torch = pytest.importorskip("torch")
# Of PyTorch's own calls of its own functions.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning"),
]


def late(signature):
    """A parameter the mapping does not name, unfrozen after all."""
    module = torch.nn.Linear(2, 1)
    module.bias.requires_grad_(requires_grad=False)
    optimizer = build(signature, module)
    module.bias.requires_grad_()
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()


def by_hand():
    module = torch.nn.Linear(2, 1)
    optimizer = build(ALL_PLUS, [("weight", module.weight)])
    optimizer.param_groups[0]["params"].append(module.bias)
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()


def added(group):
    build({"weight": 1.0, "bias": 1.0}, torch.nn.Linear(2, 1)).add_param_group(group)


P = torch.nn.Parameter(torch.ones(2))
REFUSED = {
    "unnamed": (lambda: build(ALL_PLUS, [P]), "module or its named_parameters"),
    "a tensor": (lambda: build(ALL_PLUS, P), "module or its named_parameters"),
    "a set": (lambda: build(ALL_PLUS, {("p", P)}), "module or its named_parameters"),
    "no tensors": (lambda: build(ALL_PLUS, [("p", 1.0)]), "'p' must be a tensor, got float"),
    "nothing": (lambda: build(ALL_PLUS, torch.nn.Tanh()), "at least one parameter"),
    "no params": (lambda: build(ALL_PLUS, [{"lr": 1.0}]), "needs 'params', got lr"),
    "group's rate": (lambda: build(ALL_PLUS, [{"params": [("p", P)], "learning_rate": 1.0}]), "called 'lr'"),
    "group's negative rate": (lambda: build(ALL_PLUS, [{"params": [("p", P)], "lr": -1.0}]), "zero or a positive"),
    "negative rate": (lambda: cd.optimizers.torch.curl_descent([("p", P)], -0.1, ALL_PLUS), "zero or a positive"),
    "rates": (lambda: cd.optimizers.torch.curl_descent([("p", P)], torch.ones(2), ALL_PLUS), "must be one number"),
    "schedule": (lambda: cd.optimizers.torch.curl_descent([("p", P)], lambda n: 0.1, ALL_PLUS), "scheduler"),
    "group's amount": (lambda: build(ALL_PLUS, [{"params": [("p", P)], "amount": "all"}]), "amount must be"),
    "group's correction": (lambda: build(ALL_PLUS, [{"params": [("p", P)], "correction": "sga"}]), "together"),
    "momentum": (lambda: build(ALL_PLUS, [("p", P)], momentum=-1), "Invalid momentum"),
    "not in the mapping": (lambda: added({"params": [("new", P)]}), "mapping with the names new"),
    "not the group's": (
        lambda: added({"params": [("new", P)], "signature": {"old": 1.0}}),
        "mapping with the names new",
    ),
    "one name twice": (
        lambda: build(ALL_PLUS, [{"params": [("p", P)]}, {"params": [("p", P.detach())]}]),
        "called 'p'",
    ),
    "unfrozen, unnamed": (lambda: late({"weight": 1.0}), "'bias' was frozen"),
    "appended by hand": (by_hand, "add_param_group"),
    "differentiable": (
        lambda: build(ALL_PLUS, [("p", P)], differentiable=True, correction="sga"),
        "not differentiable",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        call()
