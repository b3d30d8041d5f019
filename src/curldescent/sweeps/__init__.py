"""Many experiments on a grid, stored so that nothing finished is ever lost.

`Sweep` or `read` describe a sweep, `plan` says beforehand what it costs, `run` computes it here or on a Dask cluster,
and `open` gives an `xarray.Dataset` at any time. docs/sweeps.md shows how.
"""

from importlib import import_module
from typing import TYPE_CHECKING

# public name -> the module that defines it
_HOME = {
    "Keep": "curldescent.sweeps.keep",
    "Start": "curldescent.sweeps.start",
    "Store": "curldescent.sweeps.store",
    "Sweep": "curldescent.sweeps.sweep",
    "compact": "curldescent.sweeps.compaction",
    "export": "curldescent.sweeps.exporting",
    "lin": "curldescent.sweeps.grid",
    "log": "curldescent.sweeps.grid",
    "merge": "curldescent.sweeps.merging",
    "open": "curldescent.sweeps.dataset",
    "plan": "curldescent.sweeps.planning",
    "read": "curldescent.sweeps.sweep",
    "retry": "curldescent.sweeps.running",
    "run": "curldescent.sweeps.running",
    "status": "curldescent.sweeps.state",
}

__all__ = [
    "Keep",
    "Start",
    "Store",
    "Sweep",
    "compact",
    "export",
    "lin",
    "log",
    "merge",
    "open",
    "plan",
    "read",
    "retry",
    "run",
    "status",
]

if TYPE_CHECKING:
    from curldescent.sweeps.compaction import compact
    from curldescent.sweeps.dataset import open
    from curldescent.sweeps.exporting import export
    from curldescent.sweeps.grid import lin, log
    from curldescent.sweeps.keep import Keep
    from curldescent.sweeps.merging import merge
    from curldescent.sweeps.planning import plan
    from curldescent.sweeps.running import retry, run
    from curldescent.sweeps.start import Start
    from curldescent.sweeps.state import status
    from curldescent.sweeps.store import Store
    from curldescent.sweeps.sweep import Sweep, read


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'curldescent.sweeps' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
