"""The one exception that means "the input was wrong", as opposed to "the program was"."""


class InputError(ValueError):
    """Something the user passed cannot be used; the message says what came and what is accepted.

    It is a `ValueError`. The commands turn it into one line on stderr and exit code 2; any other exception is a
    bug of ours and keeps its traceback.
    """
