"""The limits of chaos: ever wider students, other learners than figure 3b's, and a second witness of tori.

What was known before the criteria were written, all from draws that this figure does not use: at c = 2, α_h = 0.75 two
students of the limit had exponents of 0.034 and came to rest at c = 1.25, α_h = 0.5, where students of 21 neurons were
chaotic; the estimate of dimensions had been tried on signals made for it alone. No tanh student, no mini-batch, no
student with white inputs and no readout flips at these settings had been looked at. The second witness has nothing to
witness where motions decay, as all but four did, which was seen afterwards and left as it is. The claim about turning
was added after the others had been run, none of which it rests on, and after nine students of other input sets had been
seen to turn at output zero; that about fading after two other students of the limit had been followed for 40 000 units
and had lost their exponent by 20 000, while one each of 320 and 5120 neurons had not.
"""

from curldescent.paper.machinery import limits_of_chaos_measures as measures
from curldescent.paper.machinery import shares
from curldescent.paper.machinery.claims import Claim, Figure
from curldescent.paper.machinery.limits_of_chaos_drawing import draw
from curldescent.paper.machinery.limits_of_chaos_experiments import NO_REST, REST, experiments, where
from curldescent.paper.machinery.limits_of_chaos_measures import (
    BORDER,
    CLOSE,
    FADED,
    HALF,
    LASTING,
    MOST,
    NEAR,
    OFF,
    RESTING,
)

_DAY = "2026-11-28"
_STEPS = (
    "2026-11-28: the step is named in the claim, the criterion stays; that it is the cause was found afterwards "
    "(chaos-and-step)."
)
_SORTED = "2026-11-28: exponents are put in descending order first, which moved no dimension by more than 0.5."


def _shear(what: str) -> tuple[str, str]:
    return (
        f"in both settings the 95 % interval of the mean exponent {what}, over input sets, lies above what shear can "
        "do, 2 log 2 over half the run",
        "in one it lies at or below",
    )


FIGURE = Figure(
    "limits-of-chaos",
    title="The limits of chaos",
    about=(
        "All in steps of 0.05, mini-batches in 0.02; what the step does is figure chaos-and-step. "
        "a: leading exponents of linear students with few white inputs, full batch, norms kept at those of "
        "figure 3b's students of ratio c, by the number of hidden neurons; ∞: the Gram matrix that random weights "
        "tend to. b: the same at c = 2, α_h = 0.75 in long runs, window by window. c: "
        "Kaplan–Yorke dimension and number of positive exponents modulo rotations in that limit "
        "at c = 2, α_h = 0.75. d: leading exponents of figure 3b's students of 70 neurons and of others in "
        "their place; for batches of 10, of copies that see the same batches; dotted: what shear can do. e: "
        "late speeds of all weights with most inputs flipped against that of weights that turn at output zero, "
        "√(|r|² − r D1 rᵀ), r = W* Σ̂."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "limit",
            "With infinitely many hidden neurons the motion is deterministic, and chaotic itself for 2000 units of "
            "steps of 0.05.",
            f"at {where(NO_REST, 'α_h')} the 95 % interval of the mean exponent over students of the limit lies above "
            "what shear can do, 2 log 2 over half the run",
            "it lies at or below",
            measures.limit_is_chaotic,
            fixed=_DAY,
            changes=(_STEPS,),
        ),
        Claim(
            "fades",
            "In steps of 0.05 the limit's chaos is a long transient; at finite width it lasts.",
            f"over long runs at {where(NO_REST, 'α_h')}: the limit's mean exponent in the last window less "
            f"{FADED:g} of that in the first is below 0 by its 95 % interval, and the finite width's less {LASTING:g} "
            "of its first is above 0",
            "the first is above 0 or the second below",
            measures.limit_fades,
            fixed=_DAY,
            changes=(_STEPS,),
        ),
        Claim(
            "tends to",
            "In steps of 0.05 exponents of wide students tend to those of the limit.",
            f"at {where(NO_REST, 'α_h')} two one-sided t-tests at 5 % put the ratio of exponents of the widest "
            f"students and of the limit within a factor {CLOSE:g} of 1",
            "its 95 % interval lies outside of that factor",
            measures.widths_tend_to_limit,
            fixed=_DAY,
            changes=(_STEPS,),
        ),
        Claim(
            "no rest",
            "Beyond c = 1/α_h there is nothing to rest on, at any width.",
            *shares.at_least(
                MOST, f"of the runs at {where(NO_REST, 'α_h')}, all widths, whose late loss is above {RESTING:g}"
            ),
            measures.nothing_rests,
            fixed=_DAY,
        ),
        Claim(
            "rest",
            "Short of it the limit comes to rest, though its teacher is unstable.",
            *shares.at_least(
                HALF, f"of the runs of the limit at {where(REST, 'α_h')} whose late loss is below {RESTING:g}"
            ),
            measures.limit_rests,
            fixed=_DAY,
        ),
        Claim(
            "dimension",
            "More inputs make more dimensions of motion in the limit.",
            "Kendall's correlation of the Kaplan–Yorke dimension modulo rotations with the number of inputs is "
            "positive, p < 0.05",
            "negative, p < 0.05",
            measures.dimension_grows,
            fixed=_DAY,
            changes=(_SORTED,),
        ),
        Claim(
            "mini-batches",
            "Students on mini-batches are chaotic: copies that see the same batches separate exponentially.",
            *_shear("of copies that see the same batches"),
            measures.batches_are_chaotic,
            fixed=_DAY,
        ),
        Claim("tanh", "Tanh students are chaotic.", *_shear("of tanh students"), measures.tanh_is_chaotic, fixed=_DAY),
        Claim(
            "tanh against linear",
            "Their chaos is not weak beside that of linear ones.",
            "in both settings the mean of a tanh student's exponent less half of a linear one's, over input sets, is "
            "above 0 by its 95 % interval",
            "in one it lies at or below 0",
            measures.tanh_is_as_strong,
            fixed=_DAY,
        ),
        Claim(
            "readout flips",
            "Flipped readouts make chaos as well.",
            *_shear("of students with the flips in the readout"),
            measures.readouts_are_chaotic,
            fixed=_DAY,
        ),
        Claim(
            "white inputs",
            "It makes no difference that inputs are 250 samples and not infinitely many.",
            f"in both settings the mean difference of exponents with white inputs and with samples, over input sets, "
            f"is within ±{NEAR:g}, two one-sided tests at 5 %",
            "in one its 95 % interval lies outside",
            measures.white_is_alike,
            fixed=_DAY,
        ),
        Claim(
            "second witness",
            "Where spectral lines say periodic the motion fills one dimension, where they say quasi-periodic more.",
            *shares.at_least(
                MOST,
                f"of the periodic and quasi-periodic motions whose dimension is below {BORDER:g} and above, in this "
                "order",
            ),
            measures.witnesses_agree,
            fixed=_DAY,
        ),
        Claim(
            "turning",
            "With most inputs flipped students give up in steps of 0.05: the map is zero, and hidden neurons turn.",
            *shares.at_least(
                MOST,
                f"of the runs with c ≤ 0.7 and α_h ≥ 0.75 whose map is in the end below {100 * OFF:g} % of the "
                f"teacher's and whose weights move within {100 * OFF:g} % of the speed of turning",
            ),
            measures.regular_runs_turn,
            fixed=_DAY,
            changes=(_STEPS,),
        ),
    ),
)
