"""A sweep on a cluster, here one of two worker processes on this machine; the lines are the same on a large one.

python examples/cluster.py          (needs Dask: pip install 'curldescent[cluster]')
"""

import sys
from pathlib import Path

from distributed import Client, LocalCluster

import curldescent as cd


def main(store: str = "results/cluster") -> None:
    """Run nine cells on two workers, and once more to show that nothing is computed twice."""
    sweep = cd.sweeps.Sweep(
        axes={"ratio": cd.sweeps.log(0.1, 2, 3), "hidden": [0, 0.5, 1]},
        student_teacher={"total": 44, "n_train": 100, "trials": 3},
        training={"epochs": 300, "batch_size": 10, "preserve_norms": True},
        keep={"lambda_min": True},
    )
    # Only this machine is let in; a scheduler for others to join would name the interface of the cluster's network.
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        print("dashboard:", client.dashboard_link)
        done = cd.sweeps.run(sweep, store, client=client)
        again = cd.sweeps.run(sweep, store, client=client)
    print(f"computed {done.computed} cells, then {again.computed}")
    data = cd.sweeps.open(store)
    print(data.final_test_error.median("trial").to_pandas().map("{:.1e}".format))


if __name__ == "__main__":  # Dask's worker processes import this file
    main(*map(str, [Path(argument) for argument in sys.argv[1:]]))
