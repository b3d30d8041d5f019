"""Copies and checkpoints of the PyTorch optimizer go on alike, and know their signature."""

import copy
import io
import pickle

import pytest

import curldescent as cd
from tests.optimizers.torch_models import (
    FLIPS,
    LR,
    build,
    model,
    same,
    train,
)

torch = pytest.importorskip("torch")
# Of PyTorch's own calls of its own functions.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning"),
]


@pytest.mark.parametrize("through", ["deepcopy", "pickle", "torch.save"])
def test_copies_go_on_alike(through):
    module = model()
    optimizer = build(FLIPS, module, momentum=0.9)
    train(module, optimizer)
    if through == "deepcopy":
        again, other = copy.deepcopy((module, optimizer))
    elif through == "pickle":
        again, other = pickle.loads(pickle.dumps((module, optimizer)))
    else:
        buffer = io.BytesIO()
        torch.save((module, optimizer), buffer)
        buffer.seek(0)
        again, other = torch.load(buffer, weights_only=False)
    train(module, optimizer)
    train(again, other)
    same(module, again)
    assert other.param_groups[0]["steps"] == 8
    assert copy.deepcopy(build(FLIPS, model(), amount=lambda step: 1.0, correction="sga"))._correction == "sga"


def test_a_checkpoint_resumes_and_knows_its_signature():
    module = model()
    optimizer = build(FLIPS, module, momentum=0.9, amount=0.8)
    train(module, optimizer)
    buffer = io.BytesIO()
    torch.save(optimizer.state_dict(), buffer)
    buffer.seek(0)
    saved = torch.load(buffer, weights_only=True)
    again = copy.deepcopy(module)
    other = build(FLIPS, again)
    other.load_state_dict(saved)
    train(module, optimizer)
    train(again, other)
    same(module, again)
    with pytest.raises(cd.InputError, match=r"under another signature: the strengths of '2\.bias' differ"):
        build(cd.Signature({"*weight": 0.4}, seed=3), again).load_state_dict(saved)
    with pytest.raises(cd.InputError, match="says nothing of a signature"):
        other.load_state_dict(torch.optim.SGD(again.parameters(), LR).state_dict())
    train(again, other)  # a refused state has changed nothing
    train(module, optimizer)
    same(module, again)
