"""Control: the exact gradient of the reported error instead of the paper's delta rule."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.control_drawing import drawn
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.effects import ratio_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-gradient"


def experiments(scale: Scale) -> Experiments:
    """The base setting, with the output error of the paper and with φ'_out in it."""
    size = controls.SIZES[scale]
    exact = controls.sweep(
        size, controls.RULES, axes={"n_train": [size.few, size.many]}, training={"output_error": "mse"}
    )
    return {controls.BASE: controls.base(size), NAME: exact}


def arms(results: Results) -> dict[str, Arm]:
    """Both conventions at many samples, both rules."""
    many = controls.SIZES[results.scale].many
    exact = {f"{r}, exact": controls.arm(results[NAME], rule=r, n_train=many) for r in controls.RULES}
    return controls.base_arms(results) | exact


def few_arms(results: Results) -> dict[str, Arm]:
    """Both conventions at few samples, both rules."""
    few = controls.SIZES[results.scale].few
    found = {r: controls.arm(results[controls.BASE], rule=r, n_train=few) for r in controls.RULES}
    return found | {f"{r}, exact": controls.arm(results[NAME], rule=r, n_train=few) for r in controls.RULES}


def smaller_advantage(results: Results) -> Finding:
    """GD/CD per student, few against many samples."""
    many, few = arms(results), few_arms(results)
    if too_few := controls.too_few(len(many["GD"].epochs)):
        return too_few
    gains = [pair["GD"].epochs / pair["CD"].epochs for pair in (many, few)]
    found = ratio_of(*gains)
    ratios = [controls.effect(pair["GD"], pair["CD"]) for pair in (many, few)]
    said = "; ".join(f"GD/CD {ratio.said} with {n} samples" for n, ratio in zip(("many", "few"), ratios, strict=True))
    numbers = {"many": ratios[0].numbers, "few": ratios[1].numbers, **found.numbers}
    return Finding(found.faster(), f"{said}; many over few {found.said}", numbers, found.p_value)


def draw(results: Results) -> "Picture":
    """Epochs of all arms, few and many samples."""
    size = controls.SIZES[results.scale]
    return drawn({f"P = {size.many}": arms(results), f"P = {size.few}": few_arms(results)})


FIGURE = Figure(
    NAME,
    title="Control: the exact gradient",
    about=(
        "The paper's output error is e = ŷ − y; the gradient of the reported error is e·φ'_out. Epochs to a training "
        "error of 1e-3 for both, with many and few samples; a dot is a student, the same height the same student."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        controls.faster_claim(
            "base", "Curl descent is faster than gradient descent in the base setting.", arms, "GD", "CD"
        ),
        controls.faster_claim(
            "exact gradient", "It is faster with the exact gradient too.", arms, "GD, exact", "CD, exact"
        ),
        controls.faster_claim(
            "exact against delta",
            "Curl descent with the delta rule is faster than descent along the exact gradient.",
            arms,
            "GD, exact",
            "CD",
        ),
        Claim(
            "few samples",
            "The advantage is smaller with few samples.",
            "the 95 % interval over students of GD/CD with many samples over GD/CD with few lies above 1",
            "it lies below 1",
            smaller_advantage,
            changes=(controls.INTERVALS,),
        ),
    ),
)
