"""The one exception that means "the input was wrong", as opposed to "the program was", and two warnings."""

import sys
import warnings

# A sentence that quotes a file or a value cannot become as long as what it quotes.
_LONGEST = 1200


class InputError(ValueError):
    """Something the user passed cannot be used; the message says what came and what is accepted.

    It is a `ValueError`. The commands turn it into one line on stderr and exit code 2; any other exception is a
    bug of ours and keeps its traceback.
    """

    def __init__(self, message: object = "") -> None:
        text = str(message)
        super().__init__(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 302]} … {text[-299:]}")


class PlasticityWarning(UserWarning):
    """Something the user passed can be used, but does not change learning as they probably meant.

    A fraction of flips that comes to no neuron, for instance. The commands print it as one line on stderr.
    """


class EstimateWarning(UserWarning):
    """An estimate was asked for where what it rests on does not hold; the sentence says what does not."""


def warn(sentence: str, kind: type[Warning]) -> None:
    """Warn, pointing at the line outside of this library that led here.

    Args:
        sentence: what is to be said.
        kind: the class of the warning.
    """
    package = __name__.partition(".")[0]
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(sentence, kind, stacklevel=level)
