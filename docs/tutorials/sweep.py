# %% [markdown]
# # A sweep
#
# Many experiments on a grid: described once, computed on all cores, killed and gone on with, opened as one dataset.

# %%
import tempfile
from pathlib import Path

import curldescent as cd

# %% [markdown]
# ## Describe
#
# Axes are named after the parameter they vary. All cells share the rest. `lambda_min` keeps what theory predicts.


# %%
def boundary(fractions):
    """Compression ratio against flipped fraction, with small students."""
    return cd.sweeps.Sweep(
        axes={"ratio": cd.sweeps.log(0.1, 2, 6), "hidden": fractions},
        student_teacher={"total": 44, "n_train": 100, "trials": 3},
        training={"epochs": 300, "batch_size": 10, "preserve_norms": True},
        keep={"lambda_min": True},
    )


sweep = boundary([0, 0.5, 1])
print(sweep)

# %% [markdown]
# What will it cost? Nothing is run but one small measurement.

# %%
print(cd.sweeps.plan(sweep, workers=2))

# %% [markdown]
# ## Run
#
# Two processes compute. Every finished cell is a file of its own in the store, which is either whole or not there.

# %%
store = Path(tempfile.mkdtemp()) / "boundary"
done = cd.sweeps.run(sweep, store, workers=2)
print(f"computed {done.computed} cells")

# %% [markdown]
# ## Stop, resume, extend
#
# Ctrl-C lets the cells in flight end. Run it again and nothing is computed twice. With more values on an axis only the
# new cells are.

# %%
again = cd.sweeps.run(sweep, store, workers=2)
wider = boundary([0, 0.25, 0.5, 0.75, 1])
more = cd.sweeps.run(wider, store, workers=2)
print(f"again: {again.computed} computed; wider: {more.computed} computed")

# %% [markdown]
# ## Look
#
# The result is an `xarray.Dataset` with the axes as dimensions, at any time, also while the sweep runs.

# %%
data = cd.sweeps.open(store)
data

# %%
print(data.final_test_error.median("trial").to_pandas().map("{:.1e}".format))

# %% [markdown]
# The error map draws theory's boundary, that of infinitely large networks, over what 44 neurons did:

# %%
figure = cd.plots.error_map(data.final_test_error, label="median test error", title="After 300 epochs")
print(*cd.plots.save(figure, "sweep_error_map"))

# %% [markdown]
# Each cell also knows what theory says of its own size. Where do the two disagree?

# %%
learned = data.final_test_error.median("trial") < 1e-3
predicted = data.predicted_lambda_min > 0
print(f"{int((learned == predicted).sum())} of {learned.size} cells: learned to 0.001 where stable, and not where not")

# %% [markdown]
# One cell can be taken out and repeated here, to the bit:

# %%
cell = cd.sweeps.Store(store).sweep.cell(ratio=data.ratio.values[0], hidden=0.5)
history = cd.train(cell.problem, cell.rule, **cell.training)
stored = data.final_test_error.isel(ratio=0).sel(hidden=0.5).values
print("the same numbers:", bool((history.test_error[:, -1].values == stored).all()))

# %% [markdown]
# ## From the shell, and on a cluster
#
# The same sweep as a file of TOML is run by `curldescent sweep run sweep.toml --store results/boundary`; with
# `--slurm --jobs 40` on a cluster, from a login node. See [how to run on SLURM](../how_to/slurm.md) and
# `examples/cluster.py`; everything about stores and random numbers is on the page [Sweeps](../sweeps.md). Next:
# [reading the paper](reading_the_paper.py).
