"""The picture on the front page: the flow of the two-weight network under gradient descent and curl descent.

Run with ``python examples/two_weights.py [FOLDER]``; writes two_weights.png and two_weights.pdf.
"""

import sys
from pathlib import Path

from curldescent.plots.style import save
from curldescent.plots.two_weights import flow_fields

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
for path in save(flow_fields(), folder / "two_weights"):
    print(path)
