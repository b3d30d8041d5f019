"""What works on this machine: a check for each thing that curldescent needs or can use."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from curldescent.foundation import memory, optional
from curldescent.foundation.version import __version__

Status = Literal["ok", "note", "fault"]
# Below these a first experiment works and not much more.
_LITTLE_MEMORY, _LITTLE_DISK = 10**9, 10**9


@dataclass(frozen=True)
class Check:
    """What was found of one thing.

    Attributes:
        name: of the thing.
        status: "ok"; "note": works, with something to know, or is optional and absent; "fault": does not work.
        found: in words.
        advice: what to do about it.
    """

    name: str
    status: Status
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        """Plain data."""
        return {key: value for key, value in self.__dict__.items() if value or key != "advice"}


def examine(tell: Callable[[Check], object] | None = None) -> list[Check]:
    """Look at this machine; takes some seconds, most of them for compiling a first kernel.

    Args:
        tell: given every check as soon as it is made.

    Returns:
        One `Check` or several for each thing. Nothing that a check meets is raised.

    Example:
        >>> found = examine()
        >>> found[0].name, [check.name for check in found if check.status == "fault"]
        ('Python', [])
    """
    found: list[Check] = []
    for name, check in _CHECKS.items():
        made: list[Check] = []
        try:
            made += check()
        except Exception as fault:  # a broken installation breaks in ways that nobody foresees
            text = " ".join(str(fault).split())[:300]
            made.append(Check(name, "fault", f"{type(fault).__name__}: {text}"))
        found += made
        if tell is not None:
            for one in made:
                tell(one)
    return found


def healthy(found: list[Check]) -> bool:
    """Whether nothing that is needed is at fault."""
    return all(check.status != "fault" for check in found)


def _python() -> Iterator[Check]:
    where = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"
    yield Check("Python", "ok" if sys.version_info >= (3, 11) else "fault", where)
    yield Check("curldescent", "ok", f"{__version__} in {Path(__file__).parents[1]}")


def _machine() -> Iterator[Check]:
    from curldescent.apps.bench.machine import processor

    busy = f", {os.getloadavg()[0]:.1f} busy" if hasattr(os, "getloadavg") else ""
    yield Check("processor", "ok", processor() + busy)
    free = memory.available()
    shown = f"{memory.in_gigabytes(free)} free"
    advice = "large problems and sweeps with many workers need more"
    yield Check("memory", *(("ok", shown) if free > _LITTLE_MEMORY else ("note", shown, advice)))
    disk = shutil.disk_usage(Path.cwd()).free
    shown = f"{memory.in_gigabytes(disk)} free here"
    if not os.access(Path.cwd(), os.W_OK):
        yield Check("disk", "note", "this folder cannot be written", "results go elsewhere with --out")
    else:
        yield Check(
            "disk", *(("ok", shown) if disk > _LITTLE_DISK else ("note", shown, "histories and sweeps need more"))
        )


def _packages() -> Iterator[Check]:
    """What the installation asks for, against what is there."""
    from packaging.requirements import Requirement

    try:
        lines = metadata.requires("curldescent") or []
    except metadata.PackageNotFoundError:
        yield Check("packages", "note", "curldescent runs from its sources; what it needs is listed in pyproject.toml")
        lines = []
    needed, wanted = list[Requirement](), dict[str, Requirement]()
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed.append(requirement)
        else:
            wanted.setdefault(requirement.name, requirement)
    versions = {requirement.name: _version(requirement.name) for requirement in needed}
    for requirement in needed:
        has = versions[requirement.name]
        if has is None or not requirement.specifier.contains(has, prereleases=True):
            found = "not installed" if has is None else f"{has}, but {requirement.specifier} is needed"
            yield Check(requirement.name, "fault", found, f"pip install '{requirement.name}{requirement.specifier}'")
    if needed:
        yield Check("packages", "ok", ", ".join(f"{name} {has}" for name, has in versions.items() if has))
    for module, (package, extra) in optional.PACKAGES.items():
        distribution = {"sklearn": "scikit-learn", "dask_jobqueue": "dask-jobqueue"}.get(module, module)
        has = _version(distribution)
        advice = f"pip install 'curldescent[{extra}]'"
        if has is None or optional.lacking(module):
            yield Check(package, "note", f"not installed; only for {optional.PURPOSES[extra]}", advice)
            continue
        asked = wanted.get(distribution)
        fits = asked is None or asked.specifier.contains(has, prereleases=True)
        yield Check(
            package,
            "ok" if fits else "note",
            f"{has}, for {optional.PURPOSES[extra]}" + ("" if fits else f"; {asked.specifier} is what was tested"),  # type: ignore[union-attr]
            "" if fits else advice,
        )


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _jax() -> Iterator[Check]:
    import jax
    import jax.numpy as jnp

    from curldescent.foundation.arithmetic import arithmetic

    devices = ", ".join(f"{device.platform} {device.id} ({device.device_kind})" for device in jax.devices())
    with arithmetic():
        # One third is not the same in single precision.
        exact = float(jnp.asarray(1.0) / 3) == 1 / 3
    if exact:
        yield Check("JAX", "ok", f"{jax.__version__} on {devices}, double precision")
    else:
        yield Check("JAX", "fault", f"{jax.__version__} on {devices} does not compute in double precision")


def _numba() -> Iterator[Check]:
    import numba

    from curldescent.learning.engines.kernels import cache

    reasons = []
    for folder in cache.folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder):
                pass
        except OSError as fault:
            reasons.append(f"{folder}: {fault.strerror}")
        else:
            kept = f"compiled kernels are kept in {folder}"
            yield Check("Numba", "ok", f"{numba.__version__}, {numba.get_num_threads()} threads; {kept}")
            return
    kept = f"compiled kernels cannot be kept ({'; '.join(reasons) or 'no folder of this user'})"
    advice = "every process compiles them anew, which takes seconds; set NUMBA_CACHE_DIR to a folder of yours"
    yield Check("Numba", "note", f"{numba.__version__}, {numba.get_num_threads()} threads; {kept}", advice)


def _figures() -> Iterator[Check]:
    """Whether matplotlib, which cannot be imported without one, has a folder for its list of fonts."""
    advice = "set MPLCONFIGDIR to a folder that can be written"
    try:
        import matplotlib as mpl

        folder = Path(mpl.get_cachedir())
    except OSError:
        yield Check("figures", "fault", "matplotlib has no folder for its list of fonts", advice)
        return
    # Where it finds none, it makes one that is deleted when the process ends.
    if folder.parent == Path(tempfile.gettempdir()) and folder.name.startswith("matplotlib-"):
        yield Check("figures", "note", "matplotlib lists fonts anew in every process, which takes seconds", advice)
    else:
        yield Check("figures", "ok", f"matplotlib's list of fonts is kept in {folder}")


def _engines() -> Iterator[Check]:
    """The engines, on one small problem, against each other."""
    import curldescent as cd

    problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=20, activation="tanh")
    errors = {}
    for engine in ("jax", "fused"):
        history = cd.train(problem, cd.Plasticity(readout=0.2), epochs=20, batch_size=5, engine=engine)
        errors[engine] = history.train_error.values
    apart = float(abs(errors["jax"] / errors["fused"] - 1).max())
    found = f"the same training on both engines, relative difference {apart:.1g}"
    yield Check("engines", "ok" if apart < 1e-9 else "fault", found)


def _explorer() -> Iterator[Check]:
    if not optional.lacking("panel", "bokeh"):
        there = "a browser on any machine opens it; none is needed on this one (--no-browser)"
        yield Check("explorer", "ok", there)


_CHECKS: dict[str, Callable[[], Iterator[Check]]] = {
    "Python": _python,
    "processor": _machine,
    "packages": _packages,
    "JAX": _jax,
    "Numba": _numba,
    "figures": _figures,
    "engines": _engines,
    "explorer": _explorer,
}
