"""Any hidden activation, any number of outputs, any strengths: a forward and a backward product per update.

W1 is kept transposed, (M, hidden neurons padded to whole vectors), so that eight lanes are eight hidden neurons: the
activation needs no rearrangement, and both products run in register tiles (`tiles`) over samples whose inputs are read
where they lie. Samples go through in chunks whose activities stay in the fast caches; δ overwrites them. W1 is kept as
scale × values, as in `linear`.
"""

import numpy as np

from curldescent.learning.engines.kernels.activation import activate, slope
from curldescent.learning.engines.kernels.linear import (
    LARGEST_SCALE,
    SAFE_NORM,
    can_be_regained,
    multiply,
    ordinary,
    regain,
    regained,
    squared_norm,
)
from curldescent.learning.engines.kernels.simd import fma, inlined, kernel, load, splat, store, total
from curldescent.learning.engines.kernels.tiles import accumulate, load_tile, store_tile, zero_tile

# Samples that go through together; a multiple of the tile's five rows.
CHUNK = 20


@inlined
def drive_tile(x, rows, w, columns, inputs, width, out, targets, scale):
    """Store scale · x Wᵀ for a few samples and a few vectors of hidden neurons."""
    tile = zero_tile(rows, columns)
    for j in range(inputs):
        tile = accumulate(tile, x, rows, j, w, columns, j * width)
    store_tile(out, targets, columns, tile, scale)


@inlined
def drives(x, offsets, count, w, inputs, width, out, scale):
    """out[p, :] = scale · W1 x_p for `count` samples."""
    whole = count - count % 5
    for p in range(0, whole, 5):
        rows = (offsets[p], offsets[p + 1], offsets[p + 2], offsets[p + 3], offsets[p + 4])
        o = p * width
        targets = (o, o + width, o + 2 * width, o + 3 * width, o + 4 * width)
        i = 0
        while i + 32 <= width:
            drive_tile(x, rows, w, (i, i + 8, i + 16, i + 24), inputs, width, out, targets, scale)
            i += 32
        if i + 16 <= width:
            drive_tile(x, rows, w, (i, i + 8), inputs, width, out, targets, scale)
            i += 16
        if i < width:
            drive_tile(x, rows, w, (i,), inputs, width, out, targets, scale)
    for p in range(whole, count):
        for i in range(0, width, 8):
            drive_tile(x, (offsets[p],), w, (i,), inputs, width, out, (p * width,), scale)


@inlined
def gradient_tile(x, rows, offsets, count, delta, columns, width, out, targets, more):
    """Store (or add, where `more`) Σ_p x_p δ_p for a few inputs and a few vectors of hidden neurons."""
    tile = load_tile(out, targets, columns) if more else zero_tile(rows, columns)
    for p in range(count):
        tile = accumulate(tile, x, rows, offsets[p], delta, columns, p * width)
    store_tile(out, targets, columns, tile, 1.0)


@inlined
def gradients(x, offsets, count, delta, inputs, width, out, more):
    """out[j, :] (+)= Σ_p x_pj δ_p over `count` samples; added up where `more`."""
    whole = inputs - inputs % 5
    for j in range(0, whole, 5):
        rows = (j, j + 1, j + 2, j + 3, j + 4)
        o = j * width
        targets = (o, o + width, o + 2 * width, o + 3 * width, o + 4 * width)
        i = 0
        while i + 32 <= width:
            gradient_tile(x, rows, offsets, count, delta, (i, i + 8, i + 16, i + 24), width, out, targets, more)
            i += 32
        if i + 16 <= width:
            gradient_tile(x, rows, offsets, count, delta, (i, i + 8), width, out, targets, more)
            i += 16
        if i < width:
            gradient_tile(x, rows, offsets, count, delta, (i,), width, out, targets, more)
    for j in range(whole, inputs):
        for i in range(0, width, 8):
            gradient_tile(x, (j,), offsets, count, delta, (i,), width, out, (j * width,), more)


@inlined
def errors_of(z, w2, targets, samples, count, outputs, width, rate, code, exact, errors):
    """errors[p·O + k] = rate·e of every sample and output, from the activities z."""
    for p in range(count):
        for k in range(outputs):
            acc = splat(0.0)
            for v in range(0, width, 8):
                acc = fma(load(z, p * width + v), load(w2, k * width + v), acc)
            errors[p * outputs + k] = total(acc)
    # The buffer is padded, and a vector's slope is lost with its drive: so vector by vector.
    for i in range(0, count * outputs, 8):
        output = activate(code, load(errors, i))
        store(errors, i, output)
        factor = slope(code, output) if exact else splat(1.0)
        last = min(i + 8, count * outputs)
        for n in range(i, last):
            errors[n] -= targets[samples[n // outputs] * outputs + n % outputs]
        store(errors, i, load(errors, i) * (factor * splat(rate)))


@inlined
def carry_back(z, w2_signal, carrier, post, errors, count, outputs, width, code):
    """Add ⟨e h⟩ to the readout's signal and replace h by δ = (F e) ∘ φ'(h) ∘ post."""
    for v in range(0, width, 8):
        for k in range(outputs):
            acc = load(w2_signal, k * width + v)
            for p in range(count):
                acc = fma(splat(errors[p * outputs + k]), load(z, p * width + v), acc)
            store(w2_signal, k * width + v, acc)
        factor = load(post, v)
        for p in range(count):
            back = splat(0.0)
            for k in range(outputs):
                back = fma(splat(errors[p * outputs + k]), load(carrier, k * width + v), back)
            store(z, p * width + v, back * (slope(code, load(z, p * width + v)) * factor))


@inlined
def descend(w, gradient, pre, strengths, per_synapse, inputs, width, scale):
    """Subtract (S ∘ gradient) / scale from the rows and return the squared norm of the values."""
    even = splat(0.0)
    odd = splat(0.0)
    for j in range(inputs):
        factor = splat(-pre[j] / scale)
        r = j * width
        for v in range(0, width, 8):
            signal = load(gradient, r + v)
            if per_synapse:
                signal = signal * load(strengths, r + v)
            value = fma(signal, factor, load(w, r + v))
            store(w, r + v, value)
            even = fma(value, value, even)
            even, odd = odd, even
    return total(even + odd)


@kernel
def run_nonlinear(
    tasks,
    done,
    suspect,
    count,
    order,
    batch,
    x,
    targets,
    weights,
    readouts,
    scales,
    pre,
    post,
    hidden_strengths,
    readout_strengths,
    feedback,
    aligned,
    norms,
    preserve,
    rate,
    codes,
    exact,
    sizes,
    scratch,
):
    """Advance some students by up to `count` epochs each, ending early where a weight may have left the bounds.

    Args:
        tasks: which students: rule × trials + trial.
        done: (students,), gets the number of epochs each was advanced by.
        suspect: (students,), gets whether the last of them may have left a weight out of bounds.
        count: epochs wanted.
        order: (epochs, trials, P), the order of the samples; (1, 1, P) for full batches.
        batch: b.
        x: inputs, (P, M) flat.
        targets: (trials, P × O).
        weights: W1ᵀ / scale per student, (students, M × width).
        readouts: W2, (students, O × width).
        scales: (students,).
        pre: (rules, M).
        post: (rules, width).
        hidden_strengths: Sᵀ, (rules, M × width), or (rules, 0) where S is post × pre.
        readout_strengths: (rules, O × width).
        feedback: Bᵀ, (students, O × width).
        aligned: (rules,).
        norms: (trials, 2).
        preserve: whether the norms are regained after every update.
        rate: η / P.
        codes: of φ and φ_out.
        exact: whether the error is multiplied by φ'_out.
        sizes: M, width, O, P, trials.
        scratch: from `scratch_size`.
    """
    inputs, width, outputs, samples, trials = sizes
    code, output_code = codes
    per_synapse = hidden_strengths.shape[1] > 0
    full = batch == samples
    z = scratch[: CHUNK * width]
    gradient = scratch[CHUNK * width : CHUNK * width + inputs * width]
    start = CHUNK * width + inputs * width
    w2_signal = scratch[start : start + outputs * width]
    errors = scratch[start + outputs * width :]
    offsets = np.empty(CHUNK, dtype=np.int64)
    for task in tasks:
        rule, trial = task // trials, task % trials
        w, w2 = weights[task], readouts[task]
        carrier = feedback[task] if aligned[rule] else w2
        scale = scales[task]
        regainable = can_be_regained(norms[trial, 0]) and can_be_regained(norms[trial, 1])
        finished = count
        suspect[task] = False
        for epoch in range(count):
            visited = order[0, 0] if full else order[epoch, trial]
            squared = 0.0
            squared2 = 0.0
            for first in range(0, samples, batch):
                last = min(first + batch, samples)
                for v in range(0, outputs * width, 8):
                    store(w2_signal, v, splat(0.0))
                for begin in range(first, last, CHUNK):
                    size = min(CHUNK, last - begin)
                    chosen = visited[begin : begin + size]
                    for p in range(size):
                        offsets[p] = chosen[p] * inputs
                    drives(x, offsets, size, w, inputs, width, z, scale)
                    for v in range(0, size * width, 8):
                        store(z, v, activate(code, load(z, v)))
                    errors_of(z, w2, targets[trial], chosen, size, outputs, width, rate, output_code, exact, errors)
                    carry_back(z, w2_signal, carrier, post[rule], errors, size, outputs, width, code)
                    gradients(x, offsets, size, z, inputs, width, gradient, begin > first)
                for v in range(0, outputs * width, 8):
                    store(w2, v, load(w2, v) - load(readout_strengths[rule], v) * load(w2_signal, v))
                squared = descend(w, gradient, pre[rule], hidden_strengths[rule], per_synapse, inputs, width, scale)
                squared *= scale * scale
                squared2 = squared_norm(w2, outputs * width)
                if preserve:
                    if ordinary(squared) and ordinary(squared2) and regainable:
                        shrink = regained(norms[trial, 0], squared)
                        grow = regained(norms[trial, 1], squared2)
                        scale *= shrink
                        squared *= shrink * shrink
                        squared2 *= grow * grow
                        multiply(w2, outputs * width, grow)
                    else:
                        regain(w, inputs * width, norms[trial, 0])
                        regain(w2, outputs * width, norms[trial, 1])
                        scale = 1.0
                        squared, squared2 = squared_norm(w, inputs * width), squared_norm(w2, outputs * width)
                if not (1 / LARGEST_SCALE < scale < LARGEST_SCALE):
                    multiply(w, inputs * width, scale)
                    scale = 1.0
            if not (squared < SAFE_NORM**2 and squared2 < SAFE_NORM**2):
                finished = epoch + 1
                suspect[task] = True
                break
        scales[task] = scale
        done[task] = finished


def scratch_size(inputs: int, width: int, outputs: int) -> int:
    """Doubles of working memory that one thread needs."""
    return CHUNK * width + inputs * width + outputs * width + CHUNK * outputs + 8
