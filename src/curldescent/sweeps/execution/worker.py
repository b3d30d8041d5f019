"""A worker process: reads cells from its standard input, computes them, writes their files, answers in lines of JSON.

Plain text over pipes rather than `multiprocessing`: nothing is pickled, a script that starts a sweep needs no guard
around its main part, and a worker that dies takes only its own cell with it.
"""

import errno
import json
import os
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import IO, Any

FULL = {errno.ENOSPC, errno.EDQUOT}


def main() -> None:
    """Serve until the standard input closes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints must not end up among the answers
    messages: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, messages), daemon=True).start()

    from curldescent.sweeps.storage.store import Store

    first = messages.get()
    store = Store(first["store"])
    _answer(answers, {"ready": True})
    while True:
        task = messages.get()
        _answer(answers, {"key": task["key"], **work(store, task, threads=first["threads"])})


def _listen(pipe: IO[str], messages: "SimpleQueue[dict[str, Any]]") -> None:
    for line in pipe:
        messages.put(json.loads(line))
    # The supervisor is gone, or has nothing more to do: at once, even in the middle of a cell, so that nothing
    # computes behind the back of the next run. A file half written is only a temporary one.
    os._exit(0)


def _answer(pipe: IO[str], content: dict[str, Any]) -> None:
    try:
        pipe.write(json.dumps(content) + "\n")
        pipe.flush()
    except BrokenPipeError:
        os._exit(0)


def work(store: Any, task: dict[str, Any], *, threads: int) -> dict[str, Any]:
    """Compute a cell and write its file.

    Args:
        store: the `Store`.
        task: key, cell and seed_text.
        threads: for the kernels.

    Returns:
        Nothing, or what went wrong: ``failed`` with the message, ``full`` where the disk is.
    """
    from curldescent.sweeps.description.cell import Cell
    from curldescent.sweeps.execution.cell import compute
    from curldescent.sweeps.storage import cell_file

    try:
        arrays = compute(Cell(store.sweep.settings, task["cell"], task["seed_text"]), threads=threads)
        data = cell_file.encode(arrays, fingerprint=store.fingerprint, key=task["key"], cell=task["cell"])
    except Exception as fault:
        return failure(fault)
    try:
        store.put(task["key"], data)
    except OSError as fault:
        return {"full" if fault.errno in FULL else "unwritable": f"{fault.strerror}: {fault.filename}"}
    return {}


def failure(fault: Exception) -> dict[str, Any]:
    """What is recorded of an exception: its kind, its message in one line, where it was raised."""
    message = " ".join(str(fault).split()) or type(fault).__name__
    return {"failed": message, "kind": type(fault).__name__, "trace": traceback.format_exc(limit=-3)}


if __name__ == "__main__":
    main()
