"""The local cores: worker processes that are fed one cell at a time and replaced when they die."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import sysconfig
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curldescent.foundation import interruption
from curldescent.foundation.errors import InputError

# A cell whose worker died twice is recorded as failed: it may be the cell that kills them, by its memory for one.
ATTEMPTS = 2
# How often in a row a worker may die while it starts, and the pause after the first time, in seconds; it doubles.
STARTS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0
# How often the wish to stop is looked at.
_TICK = 0.2
# One thread per worker: linear algebra threads of several workers would fight over the cores, and the order in which
# they add up would reach the results.
_SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")


@dataclass(frozen=True)
class Outcome:
    """How one cell ended.

    Args:
        key: of the cell.
        failed: its message, where it raised.
        kind: of the exception.
        trace: its innermost frames.
        blocked: why nothing can be written any more: a full disk or another refusal of the file system.
    """

    key: str
    failed: str | None = None
    kind: str = ""
    trace: str = ""
    blocked: str | None = None


class NoWorkers(OSError):
    """No worker process can be started; what is finished is safe."""

    def __str__(self) -> str:
        return str(self.args[0])


class _Worker:
    def __init__(self, store: Path, threads: int) -> None:
        # A signal to the terminal or to a whole job is for the supervisor, which lets cells in flight end.
        with interruption.held_back():
            self.process = subprocess.Popen(
                command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **_SINGLE},
                start_new_session=True,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.input, self.output = self.process.stdin, self.process.stdout
        os.set_blocking(self.output.fileno(), False)
        self.task: dict[str, Any] | None = None
        self.ready = False
        self._received = b""
        self.send({"store": str(store), "threads": threads})

    def send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died; its output says so next
            self.input.write(json.dumps(message).encode() + b"\n")
            self.input.flush()

    def answers(self) -> tuple[list[dict[str, Any]], bool]:
        """What has come in, and whether the worker is gone."""
        try:
            data = os.read(self.output.fileno(), 1 << 16)
        except BlockingIOError:
            return [], False
        *lines, self._received = (self._received + data).split(b"\n")
        return [json.loads(line) for line in lines], not data

    def close(self) -> None:
        for pipe in (self.input, self.output):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def local(
    store: Path,
    tasks: Iterable[dict[str, Any]],
    *,
    workers: int,
    threads: int,
    stopping: Callable[[], bool],
    say: Callable[[str], object] = lambda sentence: None,
) -> Generator[Outcome, None, None]:
    """Compute cells on this machine's cores.

    A worker that dies while it starts is tried again after a while, longer every time; the others go on meanwhile.
    After several such deaths in a row the run goes on with those that it has.

    Args:
        store: the folder; workers write their cells there themselves.
        tasks: key, cell and seed_text of each cell, in the order to begin them.
        workers: how many processes.
        threads: of the kernels, in each.
        stopping: asked regularly; once it says yes, no further cell is begun.
        say: told what the user should know.

    Yields:
        An `Outcome` per cell, in the order they end.

    Raises:
        NoWorkers: not one could be started.
    """
    waiting, source = deque[dict[str, Any]](), iter(tasks)
    deaths: Counter[str] = Counter()
    team: list[_Worker] = []
    selector = selectors.DefaultSelector()
    wanted, fruitless, again_at = workers, 0, 0.0
    exhausted = False

    def feed(worker: _Worker) -> None:
        nonlocal exhausted
        worker.task = None
        if not stopping():
            worker.task = waiting.popleft() if waiting else next(source, None)
            exhausted |= worker.task is None
            if worker.task is not None:
                worker.send(worker.task)

    def failed_to_start(reason: str) -> None:
        nonlocal wanted, fruitless, again_at
        fruitless += 1
        again_at = time.monotonic() + min(_FIRST_PAUSE * 2 ** (fruitless - 1), _LONGEST_PAUSE)
        if fruitless < STARTS or not all(worker.ready for worker in team):
            return
        if not team:
            raise NoWorkers(
                f"no worker process could be started, {fruitless} tries in a row ({reason}); finished cells are safe, "
                "the same command goes on"
            )
        say(f"going on with {len(team)} of {workers} workers: another could not be started ({reason})")
        wanted, fruitless = len(team), 0

    def hire() -> None:
        """Bring the team to its size, or one try nearer to it where starting fails."""
        while len(team) < wanted and time.monotonic() >= again_at and (waiting or not exhausted) and not stopping():
            try:
                worker = _Worker(store, threads)
            except OSError as fault:  # too many processes, or too little memory for one more
                failed_to_start(str(fault.strerror or fault))
                continue
            team.append(worker)
            selector.register(worker.output, selectors.EVENT_READ, worker)

    def needed() -> bool:
        if any(worker.task is not None for worker in team):
            return True
        return not stopping() and (bool(waiting) or not exhausted)

    try:
        while needed():
            hire()
            for event, _ in selector.select(timeout=_TICK) if team else ():
                worker: _Worker = event.data
                answers, gone = worker.answers()
                for answer in answers:
                    if "ready" in answer:
                        worker.ready, fruitless = True, 0
                    else:
                        yield _outcome(answer)
                    feed(worker)
                if not gone:
                    continue
                selector.unregister(worker.output)
                team.remove(worker)
                worker.close()
                if not worker.ready:
                    failed_to_start(_death(worker))
                elif worker.task is not None:
                    deaths[worker.task["key"]] += 1
                    if deaths[worker.task["key"]] < ATTEMPTS:
                        waiting.appendleft(worker.task)
                    else:
                        message = f"its worker process died {ATTEMPTS} times ({_death(worker)})"
                        yield Outcome(worker.task["key"], failed=message, kind="WorkerDied")
            if not team:
                time.sleep(_TICK)
            # One that found nothing to do may be wanted for the cell of one that died.
            for worker in team:
                if waiting and worker.ready and worker.task is None:
                    feed(worker)
    finally:
        selector.close()
        for worker in team:
            if worker.task is not None or not worker.ready:
                worker.process.kill()
            worker.close()


def command() -> list[str]:
    """The command line of a worker: this interpreter with its flags, and this process's packages.

    What this process imports, a worker must find too, wherever it came from: ``PYTHONPATH``, a virtual environment, a
    zip archive, a folder that a script put on its path. The standard library goes first, and the folder of the script
    or notebook last: neither an obsolete backport among the packages nor a ``random.py`` of the user's is taken for a
    module of Python's. The package itself is the one that runs here.
    """
    if not sys.executable:
        raise InputError("sweeps start worker processes, and this program does not know its Python (sys.executable)")
    standard = [p for p in sys.path if p and _is_standard(p)]
    here = {os.path.abspath(""), *(os.path.dirname(os.path.abspath(script)) for script in sys.argv[:1] if script)}
    here -= {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}  # a notebook's own script lies there
    others = [os.path.abspath(path) for path in sys.path if path not in standard]
    paths = list(dict.fromkeys([*standard, *sorted(others, key=lambda path: path in here)]))
    source = os.path.dirname(os.path.abspath(sys.modules["curldescent"].__path__[0]))
    start = _START.format(paths=paths, source=source)
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    # Warnings that are errors here would end workers in libraries that this process has not even loaded.
    return [sys.executable, *(flag for flag in flags if not flag.startswith("-Werror")), "-c", start]


_START = """\
import sys
sys.path[:] = {paths!r}
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
spec = PathFinder.find_spec("curldescent", [{source!r}])
sys.modules["curldescent"] = package = module_from_spec(spec)
spec.loader.exec_module(package)
from curldescent.sweeps.execution.worker import main
main()
"""


def _is_standard(path: str) -> bool:
    """Whether a folder or archive is Python's own library rather than packages that were installed."""
    path = os.path.realpath(path)
    library = os.path.realpath(os.path.dirname(os.__file__))
    archive = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    return path in (library, os.path.join(library, "lib-dynload")) or os.path.basename(path) == archive


def _outcome(answer: dict[str, Any]) -> Outcome:
    blocked = answer.get("full") or answer.get("unwritable")
    return Outcome(
        answer["key"],
        failed=answer.get("failed"),
        kind=answer.get("kind", ""),
        trace=answer.get("trace", ""),
        blocked=blocked,
    )


def _death(worker: _Worker) -> str:
    code = worker.process.returncode
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
