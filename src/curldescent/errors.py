"""The one exception that means "the input was wrong", as opposed to "the program was"."""

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
