"""Draw the heat map of a sweep over compression ratio and flipped inputs, as in the paper's figure 3a.

curldescent sweep run examples/fig3a_tenth.toml --store results/fig3a_tenth
python examples/fig3a_heat_map.py results/fig3a_tenth docs/figures/fig3a_tenth
"""

import sys
from pathlib import Path

import matplotlib as mpl

import curldescent as cd
from curldescent.plots.style import save
from curldescent.plots.sweeps import error_map

mpl.use("agg")
store, stem = sys.argv[1], Path(sys.argv[2])
data = cd.sweeps.open(store)
error = data.final_test_error.load()
figure = error_map(error, label="median final test error", title=f"linear, {data.sizes['trial']} trials, 10$^4$ epochs")
stem.parent.mkdir(parents=True, exist_ok=True)
for path in save(figure, stem):
    print(path)
median = error.median("trial")
stable = data.predicted_lambda_min.load() > 0
print(f"stable side: {int(stable.sum())} cells, median error {float(median.where(stable).median()):.1e}")
print(f"unstable side: {int((~stable).sum())} cells, median error {float(median.where(~stable).median()):.1e}")
low = median < 1e-6
print(
    f"error below 1e-6 where stable: {float((low & stable).sum() / stable.sum()):.3f}, "
    f"where unstable: {float((low & ~stable).sum() / (~stable).sum()):.3f}"
)
