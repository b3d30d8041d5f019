"""`reproduce`: run a figure's experiments, draw it, judge its claims, write it all down."""

import multiprocessing
import multiprocessing.process
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from curldescent import sweeps
from curldescent.foundation import interruption, optional, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.foundation.progress import Progress, checked
from curldescent.foundation.writing import finish_moves, replacing, results_folder
from curldescent.paper.machinery import computation as computations
from curldescent.paper.machinery import shorter
from curldescent.paper.machinery.claims import SCALES, Claim, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.runs import kept as kept_results
from curldescent.paper.runs import unfinished as unfinished_results
from curldescent.paper.runs.drawing import drawn
from curldescent.paper.runs.registry import figure as figure_named
from curldescent.paper.runs.registry import figures
from curldescent.paper.runs.scale_changes import changes
from curldescent.paper.runs.verdict import Verdict, is_verdict, spent, write_verdict
from curldescent.plots import style
from curldescent.sweeps.execution.running import check_client
from curldescent.sweeps.storage.store import Store

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client


class Unfinished(Exception):
    """A run that did not come to its end; what is done is kept and the same call goes on.

    Attributes:
        signal: the number of the signal that stopped it; None where cells failed.
    """

    def __init__(self, sentence: str, *, signal: int | None = None) -> None:
        validation.text("sentence", sentence)
        super().__init__(sentence)
        self.signal = signal


def reproduce(
    figure: Figure | str,
    out: str | Path,
    *,
    scale: Scale = "standard",
    workers: int | None = None,
    client: "Client | None" = None,
    progress: Progress | None = None,
    kept: str | Path | None = None,
) -> Verdict:
    """Run a figure's experiments at a scale, draw it and judge its claims.

    What is computed already is not computed again; an interrupted run goes on where it was.

    Args:
        figure: a `Figure` or its name.
        out: folder of all scales; made if need be. Data go to ``out/scale/data``, picture (PNG and PDF) and verdict
            (JSON and Markdown) to ``out/scale``.
        scale: "quick", "standard", "paper", the paper's own grids and epochs, or "subset", the cells of these grids
            that decide the claims.
        workers: processes; all cores by default. A script that asks for more than one calls this below
            ``if __name__ == "__main__":``, since the processes import it.
        client: a `distributed.Client` for the sweeps.
        progress: told how the sweeps go.
        kept: folder of results kept earlier, see `keep_results`; what it holds is not computed again.

    Returns:
        The verdict.

    Raises:
        InputError: an unknown figure or scale, a folder whose data other settings made, or a folder of kept results
            that is none.
        Unfinished: the run was stopped with Ctrl-C, or a cell failed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from curldescent import paper
        >>> with TemporaryDirectory() as folder:
        ...     verdict = paper.reproduce("fig2", folder, scale="quick")
        >>> {finding.verdict for _, finding in verdict.findings}
        {'confirmed'}
    """
    from matplotlib import pyplot as plt

    if isinstance(figure, str):
        figure = figure_named(figure)
    validation.instance("figure", figure, Figure, "the name of a figure, or one of cd.paper.figures()")
    validation.choice("scale", scale, SCALES)
    if workers is not None:
        validation.integer("workers", workers, minimum=1, maximum=10_000)
    check_client(client)
    progress = checked(progress)
    root = named("out", out, "a folder for the results")
    store = None if kept is None else kept_results.folder_of(kept, scale)
    folder = results_folder(root / scale)
    began = time.monotonic()
    data, computed = _run(figure, results_folder(folder / "data"), scale, workers, client, progress, store)
    results = Results(scale, data)
    finish_moves(folder)
    seconds = spent(folder, figure.key, time.monotonic() - began if computed else 0.0)
    changed = changes(figure, scale)
    verdict = Verdict(
        figure=figure,
        scale=scale,
        changes=changed,
        findings=tuple((claim, _finding(claim, results)) for claim in figure.claims),
        earlier={
            moment: tuple(_finding(claim, shorter.until(results, moment)) for claim in figure.claims)
            for moment in shorter.moments(results)
        },
        published=tuple(value.row(results) for value in figure.published),
        seconds=seconds,
        picture=folder / f"{figure.key}.png",
    )
    mine = {f"{figure.key}{kind}" for kind in (".json", ".md", ".png", ".pdf")}
    with replacing(folder, earlier=mine if is_verdict(folder, figure.key) else ()) as draft:
        # The verdict first: it does not depend on whether the picture can be drawn.
        write_verdict(draft, verdict)
        try:
            picture = drawn(figure, results, changed)
            style.save(picture, draft / figure.key)
            plt.close(picture)
        except OSError:
            raise
        except Exception as fault:
            style.failure_to_draw(figure.key, fault)
    return verdict


def keep_results(
    out: str | Path, kept: str | Path, *, scale: Scale | None = None, unfinished: bool = False
) -> list[Path]:
    """Keep compact files of what was finished, so that another machine need not compute it again.

    Args:
        out: folder that `reproduce` wrote to.
        kept: folder for the files; those of experiments that are not finished here stay as they are.
        scale: whose results; of every scale by default.
        unfinished: whether to keep also the cells and parts that unfinished experiments have so far, in
            ``kept/scale/unfinished``. `reproduce` goes on from there; no verdict rests on them.

    Returns:
        The files written, and the folders of unfinished experiments.

    Raises:
        InputError: an unknown scale, nothing finished, or something damaged.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from curldescent import paper
        >>> with TemporaryDirectory() as folder:
        ...     _ = paper.reproduce("fig2", folder, scale="quick")
        ...     [path.name for path in paper.keep_results(folder, f"{folder}/kept")]
        ['fig2.nc.gz', 'fig2-sampled.nc.gz']
    """
    if scale is not None:
        validation.choice("scale", scale, SCALES)
    root = named("out", out, "the folder that reproduce wrote to")
    target = named("kept", kept, "a folder for the results to keep")
    validation.boolean("unfinished", unfinished)
    written: dict[tuple[str, str], Path] = {}
    for one in SCALES if scale is None else (scale,):
        data, partial = root / one / "data", unfinished_results.folder_in(target / one)
        for figure in figures():
            for name, experiment in figure.at(one).items():
                if (one, name) in written:
                    continue
                finished = _finished(data, name, experiment)
                if finished is not None:
                    written[one, name] = kept_results.keep(target / one, name, finished, curves=figure.curves)
                    unfinished_results.put_away(target / one, name)
                elif unfinished and unfinished_results.bring(data, partial, name, experiment) is not None:
                    written[one, name] = unfinished_results.path_of(target / one, name, experiment)
    if not written:
        raise InputError(f"nothing is finished in {str(root)!r}; run curldescent reproduce all")
    return list(written.values())


def _finished(folder: Path, name: str, experiment: "sweeps.Sweep | Computation") -> "xr.Dataset | None":
    if isinstance(experiment, Computation):
        return computations.kept(folder, name, experiment)
    if not (folder / name / "plan.json").exists():
        return None
    if not kept_results.same(Store(folder / name).sweep, experiment):
        return None
    found = sweeps.open(folder / name)
    return found.assign_attrs(axes=kept_results.axes_of(experiment)) if bool((found.status == 1).all()) else None


def _finding(claim: Claim, results: Results) -> Finding:
    what = f"what the measure of claim {claim.name!r} returns"
    return validation.instance(what, claim.measure(results), Finding, "a cd.paper.Finding")


def _run(
    figure: Figure,
    folder: Path,
    scale: Scale,
    workers: int | None,
    client: "Client | None",
    progress: Progress,
    store: Path | None,
) -> "tuple[Mapping[str, xr.Dataset], bool]":
    """Everything the figure needs, and whether anything had to be computed for it."""
    what = "a mapping from names to sweeps and computations"
    experiments = validation.mapping(f"what {figure.key}'s experiments return", figure.at(scale), what)
    data: dict[str, xr.Dataset] = {}
    missing: dict[str, Computation] = {}
    computed = False
    for name, experiment in experiments.items():
        if (
            store is not None
            and (before := kept_results.find(store, name, experiment, curves=figure.curves)) is not None
        ):
            progress.say(f"{figure.key}, {scale} scale: {name} as it was kept")
            data[name] = before
            continue
        if store is not None:
            progress.say(f"{figure.key}, {scale} scale: nothing whole is kept of {name} in {str(store)!r}")
        if isinstance(experiment, Computation):
            found = computations.kept(folder, name, experiment)
            if found is None:
                missing[name] = experiment
            else:
                # Left over where a process was killed between writing the whole and deleting its parts.
                computations.put_away(folder, name)
                data[name] = found
        else:
            what = "a cd.sweeps.Sweep or a cd.paper.Computation"
            validation.instance(f"{figure.key}'s experiment {name!r}", experiment, sweeps.Sweep, what)
    # Before hours of sweeps, not behind them.
    needed = dict.fromkeys(module for experiment in missing.values() for module in experiment.needs)
    optional.require(*needed, purpose=figure.key)
    if store is not None:
        partial = unfinished_results.folder_in(store)
        for name, experiment in experiments.items():
            if name not in data and (taken := unfinished_results.bring(partial, folder, name, experiment)):
                progress.say(f"{figure.key}, {scale} scale: {taken} of {name} as they were kept")
    for name, experiment in experiments.items():
        if isinstance(experiment, Computation) or name in data:
            continue
        progress.say(f"{figure.key}, {scale} scale: sweep {name}, {experiment.grid.size} cells")
        summary = sweeps.run(experiment, folder / name, workers=workers, client=client, progress=progress)
        if summary.stopped:
            raise Unfinished(f"{figure.key} was stopped; the same command goes on", signal=summary.signal)
        if summary.failed:
            raise Unfinished(
                f"{figure.key}: {summary.failed} cells failed; see curldescent sweep status --store {folder / name}"
            )
        computed |= summary.computed > 0
        data[name] = sweeps.open(folder / name)
    for name, dataset in _computed(missing, folder, workers, f"{figure.key}, {scale} scale", progress):
        data[name] = dataset
    return {name: data[name] for name in experiments}, computed or bool(missing)


def _computed(missing: Mapping[str, Computation], folder: Path, workers: int | None, label: str, progress: Progress):  # type: ignore[no-untyped-def]
    """Compute in other processes where there are several; each is kept as soon as it is done."""
    if len(missing) < 2 or workers == 1:
        for name, experiment in missing.items():
            progress.say(f"{label}: {name}")
            yield name, computations.finish(folder, name, experiment, progress)
        return
    context = multiprocessing.get_context("spawn")
    count = min(len(missing), workers or multiprocessing.cpu_count())
    with ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_the_parent) as pool:
        # A signal to everybody is for this process, which ends the others.
        with interruption.held_back():
            names = {
                pool.submit(computations.finish, folder, name, experiment): name for name, experiment in missing.items()
            }
        try:
            with interruption.cleaning(partial(_kill, list(multiprocessing.active_children()))):
                progress.start(len(missing), "computations")
                for done, future in enumerate(as_completed(names), start=1):
                    name, data = names[future], future.result()
                    progress.update(done)
                    progress.say(f"{label}: {name} ({done} of {len(missing)})")
                    yield name, data
                progress.finish()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _kill(processes: "list[multiprocessing.process.BaseProcess]") -> None:
    for process in processes:
        process.kill()


def _end_with_the_parent() -> None:
    """In a worker: nothing computes behind the back of whoever was told that the run is over."""

    def wait(parent: "multiprocessing.process.BaseProcess") -> None:
        parent.join()
        os._exit(1)

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=wait, args=(parent,), daemon=True).start()
