"""Packages that only some uses need: asked for before anything is computed, so that nothing is lost for want of one."""

from importlib.util import find_spec

from curldescent.foundation.errors import InputError

# module -> the package that holds it, and the extra that installs it
PACKAGES = {
    "sklearn": ("scikit-learn", "data"),
    "pyarrow": ("pyarrow", "data"),
    "optax": ("optax", "optimizers"),
    "torch": ("PyTorch", "torch"),
    "distributed": ("Dask", "cluster"),
    "dask_jobqueue": ("dask-jobqueue", "cluster"),
    "panel": ("Panel", "explore"),
    "bokeh": ("Bokeh", "explore"),
}

# extra -> what it is for
PURPOSES = {
    "data": "the handwritten digits and Parquet files",
    "optimizers": "curl descent in optax",
    "torch": "networks and optimizers of PyTorch",
    "cluster": "sweeps on a cluster",
    "explore": "the explorer",
}


def lacking(*modules: str) -> list[str]:
    """Those of these modules that are not installed; none is imported for the question.

    Args:
        *modules: keys of `PACKAGES`.

    Returns:
        The modules that are not there, in the order given.
    """
    return [module for module in modules if not _importable(module)]


def _importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    # What keeps a package out by hand (None among the loaded modules, a finder that refuses it) says it by raising.
    except (ImportError, ValueError):
        return False


def require(*modules: str, purpose: str) -> None:
    """Refuse to begin what cannot be ended.

    Args:
        *modules: keys of `PACKAGES`.
        purpose: what they are for, the subject of the sentence ("the digits", "reading Parquet").

    Raises:
        InputError: one is not installed; says how to install it.

    Example:
        >>> require(purpose="nothing")
    """
    absent = lacking(*modules)
    if absent:
        raise InputError(how_to_install(purpose, absent))


def how_to_install(purpose: str, modules: list[str]) -> str:
    """One sentence: what needs which packages, and the command that brings them.

    Args:
        purpose: as in `require`.
        modules: keys of `PACKAGES`, at least one.

    Returns:
        The sentence, without a full stop.

    Example:
        >>> how_to_install("the explorer", ["panel", "bokeh"])
        "the explorer needs Panel and Bokeh: pip install 'curldescent[explore]'"
    """
    names = " and ".join(PACKAGES[module][0] for module in modules)
    extras = ",".join(dict.fromkeys(PACKAGES[module][1] for module in modules))
    return f"{purpose} needs {names}: pip install 'curldescent[{extras}]'"
