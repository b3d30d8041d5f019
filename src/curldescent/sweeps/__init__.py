"""Many experiments on a grid, stored so that nothing finished is ever lost.

`Sweep` or `read` describe a sweep, `plan` says beforehand what it costs, `run` computes it here or on a Dask cluster,
and `open` gives an `xarray.Dataset` at any time. docs/sweeps.md shows how.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
