"""Control: gradient descent that starts with one high-gain neuron, beside curl descent.

Known before the criteria were written, from a pilot on one input set with twelve students of scale 2 and of scale 4:
gradient descent from the high-gain start took 434 and 465 epochs, curl descent 1257 and 1138, gradient descent 2493 and
4916. None of the input sets here had been drawn.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from curldescent.paper.machinery import controls, high_gain_runs
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.effects import MARGIN
from curldescent.paper.machinery.high_gain_runs import GAIN

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-high-gain"
TWICE = 2.0
# Most relu students never get to 1e-3.
RELU_THRESHOLD = 1e-2
# What every cell is, and the most epochs of its runs at standard scale.
CELLS: Mapping[str, tuple[Mapping[str, Any], int]] = {
    "tanh-1": ({"student_scale": 1.0}, 1_000),
    "tanh-2": ({"tuned": True}, 5_000),
    "tanh-4": ({"student_scale": 4.0, "tuned": True}, 5_000),
    "tanh-2-free": ({"preserve_norms": False}, 4_000),
    "tanh-4-free": ({"student_scale": 4.0, "preserve_norms": False}, 3_000),
    "relu-2": ({"activation": "relu", "threshold": RELU_THRESHOLD}, 1_000),
    "linear-2": ({"activation": "linear", "preserve_norms": False}, 1_000),
    "adam-2": ({"adam": True, "preserve_norms": False}, 100),
}
TITLES = {
    "tanh-1": "tanh, scale 1",
    "tanh-2": "tanh, scale 2",
    "tanh-4": "tanh, scale 4",
    "tanh-2-free": "scale 2, free norms",
    "tanh-4-free": "scale 4, free norms",
    "relu-2": "relu, error 0.01",
    "linear-2": "linear, free norms",
    "adam-2": "scale 2, Adam, free norms",
    "digits": "digits, error 0.03",
}
# Cells of the largest scale alone, for time.
LONG = ("tanh-4-free", "linear-2", "adam-2")
NOT_HERE = "this scale does not have that cell"
GD, CD, TUNED = "GD", "CD", "GD, hidden ×3"


def experiments(scale: Scale) -> Experiments:
    """One computation a cell."""
    sets, factor = {"quick": (3, 0.1), "standard": (6, 1.0), "subset": (12, 5.0), "paper": (12, 5.0)}[scale]
    identity = "curldescent.paper.high_gain"
    found = {
        f"{NAME}-{cell}": Computation(
            high_gain_runs.compared,
            {"sets": sets, "epochs": round(epochs * factor), **settings},
            identity=f"{identity}.compared",
            needs=("optax",) if "adam" in settings else (),
        )
        for cell, (settings, epochs) in CELLS.items()
        if scale in ("paper", "subset") or cell not in LONG
    }
    found[f"{NAME}-digits"] = Computation(
        high_gain_runs.digits,
        {"sets": sets, "epochs": round(200 * factor)},
        identity=f"{identity}.digits",
        needs=("sklearn",),
    )
    return found


def arms(cell: str) -> Callable[[Results], dict[str, Arm]]:
    """The arms of a cell."""
    return lambda results: controls.computed_arms(results[f"{NAME}-{cell}"])


def beyond(cell: str, first: str, second: str, factor: float, *, above: bool) -> Callable[[Results], Finding]:
    """A measurement: is the ratio of two arms above, or below, a factor?"""

    def measure(results: Results) -> Finding:
        if f"{NAME}-{cell}" not in results.data:
            return Finding(None, NOT_HERE)
        return controls.beyond(arms(cell)(results), first, second, factor, above=above)

    return measure


def draw(results: Results) -> "Picture":
    """Epochs of all arms, a panel a cell."""
    from curldescent.paper.machinery.high_gain_drawing import draw_cells

    return draw_cells(
        {title: arms(cell)(results) for cell, title in TITLES.items() if f"{NAME}-{cell}" in results.data}
    )


_FIXED = "2026-11-27"
_OVER = "Student's over input sets"


def _faster(name: str, statement: str, cell: str, first: str, second: str, factor: float = 1.0) -> Claim:
    ends = f"{factor:g}"
    return Claim(
        name,
        statement,
        f"the 95 % interval of epochs of {first} over {second}, {_OVER}, lies above {ends}",
        f"it lies below {ends}",
        beyond(cell, first, second, factor, above=True),
        fixed=_FIXED,
    )


def _no_gain(name: str, statement: str, cell: str) -> Claim:
    return Claim(
        name,
        statement,
        f"the 95 % interval of epochs of GD over GD{GAIN}, {_OVER}, lies below {MARGIN:g}",
        f"it lies above {MARGIN:g}",
        beyond(cell, GD, GD + GAIN, MARGIN, above=False),
        fixed=_FIXED,
    )


FIGURE = Figure(
    NAME,
    title="Control: a start with one high-gain neuron",
    about=(
        "Epochs to a training error of 10⁻³ from random weights, and from the same weights with one neuron rescaled to "
        "2.5 % of ‖W1‖² and 72 % of ‖w2‖² (cd.high_gain_start), the place where curl descent takes its flipped neuron; "
        "2000 samples, batch 10, step 0.1 an epoch; six input sets with a student each. Under curl descent that neuron "
        "is the flipped one. Relu students learn to an error of 0.01. Hidden ×3: gradient descent with three times the "
        "rate of the hidden weights. Digits: ten classes, 30 hidden neurons, free norms, to an error of 0.03, six "
        "students of one set of images."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        *(
            _faster(
                f"the start, scale {scale}",
                f"At student scale {scale} gradient descent from the high-gain start is at least twice as fast.",
                f"tanh-{scale}",
                GD,
                GD + GAIN,
                TWICE,
            )
            for scale in (2, 4)
        ),
        *(
            _faster(
                f"against curl descent, scale {scale}",
                f"At student scale {scale} gradient descent from there is faster than curl descent from random ones.",
                f"tanh-{scale}",
                CD,
                GD + GAIN,
            )
            for scale in (2, 4)
        ),
        *(
            _faster(
                f"curl from there, scale {scale}",
                f"At student scale {scale} curl descent from there is faster still than gradient descent from there.",
                f"tanh-{scale}",
                GD + GAIN,
                CD + GAIN,
            )
            for scale in (2, 4)
        ),
        *(
            _faster(
                f"free norms, scale {scale}",
                f"At student scale {scale} the start makes gradient descent faster with free norms, too.",
                f"tanh-{scale}-free",
                GD,
                GD + GAIN,
            )
            for scale in (2, 4)
        ),
        *(
            _faster(
                f"tuned, scale {scale}",
                f"At student scale {scale} the start is faster than gradient descent with three times the hidden rate.",
                f"tanh-{scale}",
                TUNED,
                GD + GAIN,
            )
            for scale in (2, 4)
        ),
        controls.equal_claim(
            "tuned against curl, scale 2",
            "At student scale 2 gradient descent with three times the hidden rate is as fast as curl descent.",
            arms("tanh-2"),
            TUNED,
            CD,
            MARGIN,
            changes=(),
        ),
        controls.equal_claim(
            "tuned against curl, scale 4",
            "And at student scale 4.",
            arms("tanh-4"),
            TUNED,
            CD,
            MARGIN,
            changes=(),
        ),
        _no_gain("small students", "At student scale 1, below the onset, the start gains nothing.", "tanh-1"),
        _no_gain("linear students", "Linear students, which have no excess nonlinearity, gain nothing.", "linear-2"),
        _no_gain("relu students", "Nor do relu students, of which no neuron becomes linear.", "relu-2"),
        _faster("Adam", "The start makes Adam faster, with free norms.", "adam-2", GD, GD + GAIN),
        _faster("digits", "The start makes learning of handwritten digits faster.", "digits", GD, GD + GAIN),
    ),
)
