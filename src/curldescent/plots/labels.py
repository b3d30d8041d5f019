"""What quantities are called on axes: names in words, symbols in mathematics, units where there are any."""

import re

HIDDEN = r"flipped inputs $\alpha_h$"
READOUT = r"flipped hidden neurons $\alpha_r$"
RATIO = r"compression ratio $c = M/N$"
LAMBDA_MIN = r"$\lambda_\mathrm{min}$"
EIGENVALUE = r"eigenvalue $\lambda$ of $K$"
KERNEL_EIGENVALUE = r"eigenvalue $\lambda$ of $P \cdot G$, in units of $M$"
TIME = r"time $\eta \times$ epochs"
RATE = r"learning rate $\eta$ (total step of an epoch)"

# Names of coordinates and variables, as histories and sweeps have them.
NAMES = {
    "hidden": HIDDEN,
    "readout": READOUT,
    "ratio": RATIO,
    "hidden_fraction": HIDDEN,
    "readout_fraction": READOUT,
    "learning_rate": RATE,
    "n_train": "training samples $P$",
    "n_inputs": "inputs $M$",
    "n_hidden": "hidden neurons $N$",
    "student_scale": "initial scale of the student",
    "teacher_scale": "scale of the teacher",
    "readout_flips": "flipped readout neurons",
    "batch_size": "batch size $b$",
    "lambda_min": f"smallest eigenvalue {LAMBDA_MIN}",
    "train_error": "training error",
    "test_error": "test error",
}

# Greek letters that carry subscripts here, and what stands for them in TeX.
_GREEK = {"α": r"\alpha", "λ": r"\lambda", "σ": r"\sigma", "ρ": r"\rho", "η": r"\eta", "μ": r"\mu"}
# A single letter that is given a value, as in "c = 0.4".
_GIVEN = re.compile(r"(?<![\w$\\])([A-Za-zΑ-ω])(?= = )")
# A letter with a subscript, as sentences have it (α_h, λ_min, w_1) or half in TeX (α$_h$); not inside mathematics.
_SUBSCRIPT = re.compile(rf"([{''.join(_GREEK)}]|\bw)\$?_(?:\{{(\w+)\}}|(\w+))\$?")
_NORM = "½⟨‖ŷ − y‖²⟩", r"½$\langle\|\hat{y} - y\|^2\rangle$"
_SQUARE = "½⟨(ŷ − y)²⟩", r"½$\langle(\hat{y} - y)^2\rangle$"


def mathematical(words: str) -> str:
    r"""The same words with their symbols in mathematics, as a picture has them.

    Args:
        words: plain words in which a subscript follows an underscore, such as "α_h = 0.5" or "λ_min", and single
            letters that are given values, such as "c = 0.4". What is in mathematics already stays.

    Returns:
        Words for matplotlib.

    Example:
        >>> mathematical("c = 2, α_h = 0.5"), mathematical("λ_min at the start"), mathematical(r"$\alpha_h$")
        ('$c$ = 2, $\\alpha_h$ = 0.5', '$\\lambda_\\mathrm{min}$ at the start', '$\\alpha_h$')
    """

    def symbol(found: re.Match[str]) -> str:
        letter, below = found[1], found[2] or found[3]
        upright = below if len(below) == 1 else rf"\mathrm{{{below}}}"
        return f"${_GREEK.get(letter, letter)}_{upright}$"

    def value(found: re.Match[str]) -> str:
        return f"${_GREEK.get(found[1], found[1])}$"

    for plain, tex in (_NORM, _SQUARE):
        words = words.replace(plain, tex)
    # Every second part stands between dollars; those that begin with an underscore belong to the letter before them.
    parts = re.split(r"(\$(?!_)[^$]*\$)", words)
    return "".join(part if at % 2 else _GIVEN.sub(value, _SUBSCRIPT.sub(symbol, part)) for at, part in enumerate(parts))


def of(name: str) -> str:
    r"""What a coordinate or variable is called on an axis: its own name, without underscores, where nothing is known.

    Args:
        name: as in a history or a sweep.

    Returns:
        Words for matplotlib.

    Example:
        >>> of("readout"), of("order_parameter")
        ('flipped hidden neurons $\\alpha_r$', 'order parameter')
    """
    return NAMES.get(name, name.replace("_", " "))
