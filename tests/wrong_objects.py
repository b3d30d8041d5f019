"""Objects of every kind that come into people's hands, for walks that give each in place of each argument."""

import inspect
from functools import cache

import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

import curldescent as cd
from curldescent import paper, sweeps

mpl.use("agg")
PROBLEM = cd.student_teacher(n_inputs=2, n_hidden=2, n_train=4, n_test=2)
RULE = cd.Plasticity()
SWEEP = sweeps.Sweep(
    axes={"ratio": [0.5, 1], "hidden": [0, 0.5]}, student_teacher={"total": 12, "n_train": 4}, training={"epochs": 2}
)
# "folder", "store" and "data" of that sweep, while the fixture `finished_sweep` is there.
STORE = {}


class Module:
    """What Equinox and NNX modules look like from outside: callable on inputs, parameters inside."""

    def __call__(self, x):
        return x


def network():
    return cd.field(PROBLEM, RULE)


def dynamics():
    return cd.analysis.learning_dynamics(PROBLEM, RULE, reduce=False)


def history():
    weights = {
        "student_hidden": (("trial", "hidden", "input"), np.ones((1, 2, 2))),
        "student_readout": (("trial", "output", "hidden"), np.ones((1, 1, 2))),
    }
    return xr.Dataset(weights | {"train_error": (("trial", "epoch"), np.ones((1, 3)))}, coords={"epoch": np.arange(3)})


def torch_module():
    return pytest.importorskip("torch").nn.Linear(2, 1)


def finding(results):
    return paper.Finding(True, "it is")


CLAIM = paper.Claim("c", statement="s", criterion="k", refuted="l", measure=finding)
FIGURE = paper.Figure(
    "none",
    title="t",
    about="a",
    origin="beyond",
    experiments=lambda scale: {},
    draw=lambda results: plt.figure(),
    claims=[CLAIM],
)

OBJECTS = {
    "a problem": lambda: PROBLEM,
    "a rule": lambda: RULE,
    "weights": lambda: PROBLEM.student,
    "a signature": lambda: cd.Signature(),
    "a history": history,
    "an error curve": lambda: history().train_error,
    "a network": network,
    "dynamics": dynamics,
    "a spectrum": lambda: cd.theory.Spectrum(0.5),
    "a toy": lambda: cd.TwoWeights(),
    "text": lambda: "relu",
    "nothing": lambda: None,
    "a mapping": lambda: {"a": 1},
    "an empty mapping": dict,
    "a list": lambda: [1, "b"],
    "an empty list": list,
    "a number": lambda: -3.5,
    "an array": lambda: np.ones((2, 3, 4, 5)),
    "a JAX array": lambda: jnp.ones(3),
    "a complex array": lambda: np.ones(2) * 1j,
    "a function": lambda: lambda: None,
    "a class": lambda: cd.Problem,
    "a module of the library": lambda: cd.analysis,
    "a callable module": Module,
    "a PyTorch module": torch_module,
}

CALLABLES = ("a function", "a callable module", "a PyTorch module")
# Everything that a function may take for another of its kind, besides what `OBJECTS` holds.
MORE = {
    "a sweep": lambda: SWEEP,
    "a plan": lambda: sweeps.plan(SWEEP, calibrate=False),
    "a figure of the paper": lambda: FIGURE,
    "a picture": plt.figure,
    "a dataset of a sweep": lambda: STORE["data"],
    "an opened store": lambda: STORE["store"],
    "bytes": lambda: b"relu",
    "no name": lambda: "",
    "a name that no file can have": lambda: "a\0b",
    "a text without end": lambda: "x" * 10_000,
    "not a number": lambda: np.nan,
    "a labelled array": lambda: xr.DataArray(np.ones((2, 2)), dims=("a", "b")),
    "an array without values": lambda: np.empty((0, 2)),
    "a frame without columns": xr.Dataset,
}


def folder():
    return STORE["folder"]


def target(name):
    return lambda: STORE["folder"].parent / name


def complaint(call, what):
    """The sentence with which a call refuses; empty where it works. Whatever else it raises is a fault."""
    try:
        call()
    except cd.InputError as error:
        return str(error)
    except TypeError as error:
        # The user's own function, called with arguments that it does not take.
        if what in CALLABLES and "positional argument" in str(error):
            return str(error)
        raise
    return ""


def made(arguments):
    return {name: make() if inspect.isfunction(make) else make for name, make in arguments.items()}


@cache
def wrong(what):
    return (MORE | OBJECTS)[what]()


def cases(calls):
    """Every argument of every function, as parameters."""
    return [
        pytest.param(function, name, id=f"{function.__module__}.{function.__name__}-{name}")
        for function, arguments in calls.items()
        for name in arguments
    ]


def walk(calls, function, name, long=()):
    """Give a function every object in place of an argument: it works, or one sentence says what is accepted.

    Args:
        calls: function → valid arguments; a function among them makes the argument.
        function: of these.
        name: of the argument.
        long: (function, name, object) that are right, and do what takes long.
    """
    for what in MORE | OBJECTS:
        if (function, name, what) in long:
            continue
        arguments = made(calls[function]) | {name: wrong(what)}
        said = complaint(lambda arguments=arguments: function(**arguments), what)
        assert "\n" not in said, (what, said)
        assert len(said) < 400, (what, said)
        plt.close("all")


def unlisted(module, calls, besides=()):
    """Public names of a module that no walk calls, besides those that need none."""
    listed = {function.__name__ for function in calls} | set(besides)
    return [name for name in module.__all__ if not inspect.ismodule(getattr(module, name)) and name not in listed]
