"""The error of students over a set of samples: forward passes only."""

import numpy as np

from curldescent.learning.engines.kernels import linear
from curldescent.learning.engines.kernels.activation import activate
from curldescent.learning.engines.kernels.nonlinear import CHUNK, drives
from curldescent.learning.engines.kernels.simd import fma, kernel, load, splat, store, total


@kernel
def evaluate(tasks, out, x, targets, weights, readouts, scales, codes, sizes, scratch):
    """The error ½⟨‖ŷ − y‖²⟩ of some students.

    Args:
        tasks: which students.
        out: (students,), gets the errors.
        x: inputs, (P, M) flat.
        targets: (trials, P × O).
        weights: as for `nonlinear.run_nonlinear`, as are
        readouts: and
        scales: of the students.
        codes: of φ and φ_out.
        sizes: M, width, O, P, trials.
        scratch: `CHUNK` × (width + O) + 8 doubles.
    """
    inputs, width, outputs, samples, trials = sizes
    code, output_code = codes
    z = scratch[: CHUNK * width]
    drive = scratch[CHUNK * width :]
    offsets = np.empty(CHUNK, dtype=np.int64)
    for task in tasks:
        w2 = readouts[task]
        y = targets[task % trials]
        squares = 0.0
        for begin in range(0, samples, CHUNK):
            size = min(CHUNK, samples - begin)
            for p in range(size):
                offsets[p] = (begin + p) * inputs
            drives(x, offsets, size, weights[task], inputs, width, z, scales[task])
            for v in range(0, size * width, 8):
                store(z, v, activate(code, load(z, v)))
            for p in range(size):
                for k in range(outputs):
                    acc = splat(0.0)
                    for v in range(0, width, 8):
                        acc = fma(load(z, p * width + v), load(w2, k * width + v), acc)
                    drive[p * outputs + k] = total(acc)
            for i in range(0, size * outputs, 8):
                store(drive, i, activate(output_code, load(drive, i)))
            for i in range(size * outputs):
                squares += (drive[i] - y[begin * outputs + i]) ** 2
        out[task] = 0.5 * squares / samples


@kernel
def evaluate_linear(tasks, out, x, targets, products, code, sizes, scratch):
    """The error ½⟨(ŷ − y)²⟩ of some linear students with one output, from q = W2 W1.

    Args:
        tasks: which students.
        out: (students,), gets the errors.
        x: inputs, (P, width) flat.
        targets: (trials, P).
        products: q, (students, width).
        code: of φ_out.
        sizes: width, P, trials.
        scratch: `linear.CHUNK` doubles.
    """
    width, samples, trials = sizes
    chunk = linear.CHUNK
    for task in tasks:
        q, y = products[task], targets[task % trials]
        squares = 0.0
        for begin in range(0, samples, chunk):
            size = min(chunk, samples - begin)
            for p in range(size):
                acc = splat(0.0)
                for v in range(0, width, 8):
                    acc = fma(load(x, (begin + p) * width + v), load(q, v), acc)
                scratch[p] = total(acc)
            for i in range(0, size, 8):
                store(scratch, i, activate(code, load(scratch, i)))
            for i in range(size):
                squares += (scratch[i] - y[begin + i]) ** 2
        out[task] = 0.5 * squares / samples
