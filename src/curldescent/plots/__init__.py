"""Pictures, one file a subject; all in the look of `curldescent.plots.style`.

Every function returns a matplotlib figure and shows nothing; `save` writes PNG and PDF. Colours are told apart with
every common colour-vision deficiency.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
