"""Learning in time: the update rule, the field it makes of weight space, and the engines that run it.

`train` is the easy call, `flow` its limit of small steps. `rules` says what one update is, `engines` run it, `fields`
are what the analyses look at.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["rules"])
