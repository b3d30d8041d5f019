"""Many experiments on a grid, stored so that nothing finished is ever lost.

`Sweep` or `read` describe a sweep, `plan` says beforehand what it costs, `run` computes it here or on a Dask cluster,
and `open` gives an `xarray.Dataset` at any time. docs/sweeps.md shows how.
"""

from importlib import import_module
from typing import TYPE_CHECKING

# public name -> the module that defines it
_HOME = {
    "Cell": "curldescent.sweeps.description.cell",
    "Keep": "curldescent.sweeps.description.keep",
    "Start": "curldescent.sweeps.description.start",
    "Store": "curldescent.sweeps.storage.store",
    "Sweep": "curldescent.sweeps.description.sweep",
    "compact": "curldescent.sweeps.storage.compaction",
    "export": "curldescent.sweeps.storage.exporting",
    "lin": "curldescent.sweeps.description.grid",
    "log": "curldescent.sweeps.description.grid",
    "merge": "curldescent.sweeps.storage.merging",
    "open": "curldescent.sweeps.storage.opening",
    "plan": "curldescent.sweeps.description.cost",
    "read": "curldescent.sweeps.description.sweep",
    "retry": "curldescent.sweeps.execution.running",
    "run": "curldescent.sweeps.execution.running",
    "status": "curldescent.sweeps.storage.status",
}

__all__ = [
    "Cell",
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
    from curldescent.sweeps.description.cell import Cell
    from curldescent.sweeps.description.cost import plan
    from curldescent.sweeps.description.grid import lin, log
    from curldescent.sweeps.description.keep import Keep
    from curldescent.sweeps.description.start import Start
    from curldescent.sweeps.description.sweep import Sweep, read
    from curldescent.sweeps.execution.running import retry, run
    from curldescent.sweeps.storage.compaction import compact
    from curldescent.sweeps.storage.exporting import export
    from curldescent.sweeps.storage.merging import merge
    from curldescent.sweeps.storage.opening import open
    from curldescent.sweeps.storage.status import status
    from curldescent.sweeps.storage.store import Store


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'curldescent.sweeps' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
