"""What people start: the command line, the explorer, the demo and the benchmark."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["explorer"])
