"""Many experiments on a grid, stored so that nothing finished is ever lost.

`Sweep` or `read` describe a sweep, `plan` says beforehand what it costs, `run` computes it here or on a Dask cluster,
and `open` gives an `xarray.Dataset` at any time. docs/sweeps.md shows how.
"""

import lazy_loader

# The names stand in `__init__.pyi` too, for type checkers: it cannot be read from an archive at run time.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "description.cell": ["Cell"],
        "description.cost": ["plan"],
        "description.grid": ["lin", "log"],
        "description.keep": ["Keep"],
        "description.start": ["Start"],
        "description.sweep": ["Sweep", "read"],
        "execution.running": ["retry", "run"],
        "storage.compaction": ["compact"],
        "storage.exporting": ["export"],
        "storage.merging": ["merge"],
        "storage.opening": ["open"],
        "storage.status": ["status"],
        "storage.store": ["Store"],
    },
)
