# %% [markdown]
# # A sweep on a cluster
#
# Many experiments on a grid, computed by Dask workers. Here the cluster is two worker processes on this machine. On
# a large one only the lines that make the client change.

# %%
import tempfile
from pathlib import Path

from distributed import Client
from distributed.deploy.subprocess import SubprocessCluster

import curldescent as cd

# %% [markdown]
# ## Describe
#
# Axes are named after the parameter they vary. All cells share the rest.

# %%
sweep = cd.sweeps.Sweep(
    axes={"ratio": cd.sweeps.log(0.1, 2, 4), "hidden": [0, 0.5, 1]},
    student_teacher={"total": 44, "n_train": 100, "trials": 3},
    training={"epochs": 300, "batch_size": 10, "preserve_norms": True},
    keep={"lambda_min": True},
)
sweep

# %% [markdown]
# What will it cost? Nothing is run but one small measurement.

# %%
print(cd.sweeps.plan(sweep, workers=2))

# %% [markdown]
# ## Run
#
# Workers compute, this process writes: one file per finished cell, which is either whole or not there.

# %%
store = Path(tempfile.mkdtemp()) / "boundary"
with SubprocessCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
    done = cd.sweeps.run(sweep, store, client=client)
print(f"computed {done.computed} cells")

# %% [markdown]
# On a cluster with SLURM the client comes from `dask_jobqueue.SLURMCluster`, or nothing of this is needed: the command
# line is `curldescent sweep run sweep.toml --store results/boundary --slurm --jobs 40`.
#
# ## Stop, resume, extend
#
# Run it again and nothing is computed twice. With one more value on an axis only the new cells are.

# %%
again = cd.sweeps.run(sweep, store, workers=1)
wider = cd.sweeps.Sweep(
    axes={"ratio": cd.sweeps.log(0.1, 2, 4), "hidden": [0, 0.25, 0.5, 1]},
    student_teacher={"total": 44, "n_train": 100, "trials": 3},
    training={"epochs": 300, "batch_size": 10, "preserve_norms": True},
    keep={"lambda_min": True},
)
more = cd.sweeps.run(wider, store, workers=1)
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
figure = cd.plots.error_map(data.final_test_error, title="Final test error after 300 epochs")

# %% [markdown]
# Everything about stores, random numbers and batch systems is on the page [Sweeps](../sweeps.md). Next:
# [curl descent as an optimizer](optimizer.py).
