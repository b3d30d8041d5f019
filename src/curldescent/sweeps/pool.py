"""The local cores: worker processes that are fed one cell at a time and replaced when they die."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A cell whose worker died twice is recorded as failed: it may be the cell that kills them, by its memory for one.
ATTEMPTS = 2
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


class _Worker:
    def __init__(self, store: Path, threads: int) -> None:
        source = str(Path(__file__).parents[2])
        paths = [source, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "curldescent.sweeps.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_SINGLE, "PYTHONPATH": os.pathsep.join(paths)},
            # Ctrl-C in the terminal is for the supervisor, which lets cells in flight end.
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
    store: Path, tasks: Iterable[dict[str, Any]], *, workers: int, threads: int, stopping: Callable[[], bool]
) -> Generator[Outcome, None, None]:
    """Compute cells on this machine's cores.

    Args:
        store: the folder; workers write their cells there themselves.
        tasks: key, cell and seed_text of each cell, in the order to begin them.
        workers: how many processes.
        threads: of the kernels, in each.
        stopping: asked regularly; once it says yes, no further cell is begun.

    Yields:
        An `Outcome` per cell, in the order they end.

    Raises:
        RuntimeError: a worker could not start.
    """
    waiting, source = deque[dict[str, Any]](), iter(tasks)
    deaths: Counter[str] = Counter()
    team: list[_Worker] = []
    selector = selectors.DefaultSelector()

    def hire() -> _Worker:
        worker = _Worker(store, threads)
        team.append(worker)
        selector.register(worker.output, selectors.EVENT_READ, worker)
        return worker

    def feed(worker: _Worker) -> None:
        worker.task = None
        if not stopping():
            worker.task = waiting.popleft() if waiting else next(source, None)
            if worker.task is not None:
                worker.send(worker.task)

    try:
        for _ in range(workers):
            hire()
        while any(worker.task is not None or not worker.ready for worker in team):
            if stopping() and all(worker.task is None for worker in team):
                return
            for event, _ in selector.select(timeout=_TICK):
                worker: _Worker = event.data
                answers, gone = worker.answers()
                for answer in answers:
                    if "ready" in answer:
                        worker.ready = True
                    else:
                        yield _outcome(answer)
                    feed(worker)
                if gone:
                    selector.unregister(worker.output)
                    team.remove(worker)
                    worker.close()
                    if not worker.ready:
                        raise RuntimeError(f"a worker process could not start ({_death(worker)})")
                    task = worker.task
                    if task is not None:
                        deaths[task["key"]] += 1
                        if deaths[task["key"]] < ATTEMPTS:
                            waiting.appendleft(task)
                        else:
                            message = f"its worker process died {ATTEMPTS} times ({_death(worker)})"
                            yield Outcome(task["key"], failed=message, kind="WorkerDied")
                    hire()
    finally:
        selector.close()
        for worker in team:
            if worker.task is not None:
                worker.process.kill()
            worker.close()


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
