"""Linear hidden layer, one output, strengths that factor into (postsynaptic) × (presynaptic): one sweep per update.

With q = W2 W1, e = φ_out(q x) − y and g = step·⟨e x⟩, an update needs of a row of W1 its product with g, then moves it
along h = d ∘ g by one number. So each row is read, multiplied, moved and added to the next q and to the norm while it
is in the first-level cache; four rows share the loads of g, h and q. W1 is kept as scale × rows: preserving its norm
costs one division.

Layout: rows of W1 padded to whole vectors, their number to a multiple of `ROWS`; padding is zero and stays zero.
"""

import numpy as np

from curldescent.learning.engines.kernels.activation import activate, slope
from curldescent.learning.engines.kernels.simd import fma, inlined, kernel, load, splat, store, total

# Rows of W1 that go through the sweep together.
ROWS = 4
# Samples whose outputs are found before their inputs are added up: their rows are still in the first-level cache.
CHUNK = 16
# A layer whose norm is below this has no weight near the divergence bound.
SAFE_NORM = 1e49
# Folded into the rows beyond this, so that neither overflows.
LARGEST_SCALE = 1e4
# Between these a norm, its square and the product of two of them are all well within double precision.
SMALLEST_NORM, LARGEST_NORM = 1e-75, 1e75


@inlined
def output_errors(drive, targets, first_target, errors, count, rate, code, exact):
    """errors[:count] = rate·e from the drives in errors[:count]; e = φ_out(u) − y, times φ'_out where `exact`."""
    for i in range(0, count, 8):
        output = activate(code, load(errors, i))
        store(drive, i, output)
    for i in range(count):
        errors[i] = drive[i] - targets[first_target + i]
    if exact:
        for i in range(0, count, 8):
            store(errors, i, load(errors, i) * slope(code, load(drive, i)))
    for i in range(count):
        errors[i] *= rate


@inlined
def signal_from_samples(x, targets, order, first, last, q, g, width, rate, code, exact, errors, wanted, drive):
    """Store g = rate·Σ e x over the samples order[first:last]."""
    for v in range(0, width, 8):
        store(g, v, splat(0.0))
    for start in range(first, last, CHUNK):
        count = min(CHUNK, last - start)
        for i in range(count):
            row = order[start + i] * width
            acc = splat(0.0)
            for v in range(0, width, 8):
                acc = fma(load(x, row + v), load(q, v), acc)
            errors[i] = total(acc)
            wanted[i] = targets[order[start + i]]
        output_errors(drive, wanted, 0, errors, count, rate, code, exact)
        for v in range(0, width, 8):
            acc = load(g, v)
            for i in range(count):
                acc = fma(load(x, order[start + i] * width + v), splat(errors[i]), acc)
            store(g, v, acc)


@inlined
def signal_from_covariance(covariance, correlation, q, g, width, inputs):
    """Store g = η (Σ̂ q − ⟨x y⟩), both given times η; Σ̂ is symmetric, so its rows are added up."""
    for v in range(0, width, 8):
        store(g, v, splat(0.0) - load(correlation, v))
    whole = inputs - inputs % 4
    for j in range(0, whole, 4):
        r = j * width
        q0, q1, q2, q3 = splat(q[j]), splat(q[j + 1]), splat(q[j + 2]), splat(q[j + 3])
        for v in range(0, width, 8):
            left = fma(load(covariance, r + v), q0, load(g, v))
            right = load(covariance, r + width + v) * q1
            left = fma(load(covariance, r + 2 * width + v), q2, left)
            right = fma(load(covariance, r + 3 * width + v), q3, right)
            store(g, v, left + right)
    for j in range(whole, inputs):
        for v in range(0, width, 8):
            store(g, v, fma(load(covariance, j * width + v), splat(q[j]), load(g, v)))


@inlined
def sweep(w, w2, carrier, q, g, h, post, s2, rows, width, scale):
    """Move both layers by one update; leaves the unscaled W2 W1 in q and returns the squared norm of the rows."""
    for v in range(0, width, 8):
        store(q, v, splat(0.0))
    n0 = splat(0.0)
    n1 = splat(0.0)
    n2 = splat(0.0)
    n3 = splat(0.0)
    for i in range(0, rows, ROWS):
        r0 = i * width
        r1, r2, r3 = r0 + width, r0 + 2 * width, r0 + 3 * width
        y0 = splat(0.0)
        y1 = splat(0.0)
        y2 = splat(0.0)
        y3 = splat(0.0)
        for v in range(0, width, 8):
            along = load(g, v)
            y0 = fma(load(w, r0 + v), along, y0)
            y1 = fma(load(w, r1 + v), along, y1)
            y2 = fma(load(w, r2 + v), along, y2)
            y3 = fma(load(w, r3 + v), along, y3)
        # The error reaches W1 through the readout (or feedback) as it was before the update.
        a0 = splat(-post[i] * carrier[i] / scale)
        a1 = splat(-post[i + 1] * carrier[i + 1] / scale)
        a2 = splat(-post[i + 2] * carrier[i + 2] / scale)
        a3 = splat(-post[i + 3] * carrier[i + 3] / scale)
        w2[i] -= s2[i] * (scale * total(y0))
        w2[i + 1] -= s2[i + 1] * (scale * total(y1))
        w2[i + 2] -= s2[i + 2] * (scale * total(y2))
        w2[i + 3] -= s2[i + 3] * (scale * total(y3))
        b0, b1, b2, b3 = splat(w2[i]), splat(w2[i + 1]), splat(w2[i + 2]), splat(w2[i + 3])
        for v in range(0, width, 8):
            along = load(h, v)
            x0 = fma(along, a0, load(w, r0 + v))
            x1 = fma(along, a1, load(w, r1 + v))
            x2 = fma(along, a2, load(w, r2 + v))
            x3 = fma(along, a3, load(w, r3 + v))
            store(w, r0 + v, x0)
            store(w, r1 + v, x1)
            store(w, r2 + v, x2)
            store(w, r3 + v, x3)
            store(q, v, fma(x3, b3, fma(x2, b2, fma(x1, b1, fma(x0, b0, load(q, v))))))
            n0 = fma(x0, x0, n0)
            n1 = fma(x1, x1, n1)
            n2 = fma(x2, x2, n2)
            n3 = fma(x3, x3, n3)
    return total((n0 + n1) + (n2 + n3))


@inlined
def squared_norm(values, size):
    """Σ values²; `size` a multiple of `LANES`."""
    acc = splat(0.0)
    for v in range(0, size, 8):
        acc = fma(load(values, v), load(values, v), acc)
    return total(acc)


@inlined
def multiply(values, size, factor):
    """Multiply in place; `size` a multiple of `LANES`."""
    for v in range(0, size, 8):
        store(values, v, load(values, v) * splat(factor))


@inlined
def regained(norm, squared):
    """What a layer is multiplied by to regain its norm; a layer of zeros stays as it is."""
    now = np.sqrt(squared)
    return norm / now if now > 0 else 1.0


@inlined
def ordinary(squared):
    """Whether a squared norm is one that nothing was lost of; not where it is not a number."""
    return SMALLEST_NORM**2 < squared < LARGEST_NORM**2


@inlined
def can_be_regained(norm):
    """Whether an ordinary layer regains its norm by one multiplication; a norm of zero is regained, too."""
    return norm == 0 or SMALLEST_NORM < norm < LARGEST_NORM


@inlined
def regain(values, size, norm):
    """Give a layer its norm back, whose squares may leave double precision; a layer of zeros stays as it is.

    The layer divided by its largest magnitude has a norm between 1 and √size, and so has its direction. A layer that
    holds anything but numbers becomes NaN, so that it cannot pass for one that has learned.
    """
    largest = 0.0
    for i in range(size):
        magnitude = abs(values[i])
        if not magnitude < np.inf:
            values[:size] = np.nan
            return
        largest = max(largest, magnitude)
    if largest == 0:
        return
    squared = 0.0
    for i in range(size):
        values[i] /= largest
        squared += values[i] * values[i]
    now = np.sqrt(squared)
    for i in range(size):
        values[i] = values[i] / now * norm


@inlined
def multiply_out(w, w2, q, rows, width):
    """Store q = W2 · rows."""
    for v in range(0, width, 8):
        acc = splat(0.0)
        for i in range(rows):
            acc = fma(load(w, i * width + v), splat(w2[i]), acc)
        store(q, v, acc)


@kernel
def run_linear(
    tasks,
    done,
    suspect,
    count,
    order,
    batch,
    x,
    targets,
    covariance,
    correlation,
    weights,
    readouts,
    products,
    scales,
    pre,
    post,
    readout_strengths,
    feedback,
    aligned,
    norms,
    preserve,
    rate,
    code,
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
        x: inputs, (P, width) flat.
        targets: (trials, P).
        covariance: η Σ̂, (M, width) flat, or empty to go through the samples.
        correlation: η ⟨x y⟩ per trial, (trials, width).
        weights: W1 / scale per student, (students, rows × width).
        readouts: W2, (students, padded rows).
        products: W2 W1, (students, width).
        scales: (students,).
        pre: (rules, width).
        post: (rules, padded rows).
        readout_strengths: (rules, padded rows).
        feedback: (students, padded rows).
        aligned: (rules,).
        norms: (trials, 2).
        preserve: whether the norms are regained after every update.
        rate: η / P.
        code: of φ_out.
        exact: whether the error is multiplied by φ'_out.
        sizes: rows, width, M, P, trials.
        scratch: 2 × width + 3 × `CHUNK` doubles.
    """
    rows, width, inputs, samples, trials = sizes
    long = readouts.shape[1]
    g, h = scratch[:width], scratch[width : 2 * width]
    errors = scratch[2 * width : 2 * width + CHUNK]
    wanted = scratch[2 * width + CHUNK : 2 * width + 2 * CHUNK]
    drive = scratch[2 * width + 2 * CHUNK : 2 * width + 3 * CHUNK]
    through_covariance = covariance.size > 0
    full = batch == samples
    for task in tasks:
        rule, trial = task // trials, task % trials
        w, w2, q = weights[task], readouts[task], products[task]
        d, p, s2, y = pre[rule], post[rule], readout_strengths[rule], targets[trial]
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
                if through_covariance:
                    signal_from_covariance(covariance, correlation[trial], q, g, width, inputs)
                else:
                    last = min(first + batch, samples)
                    signal_from_samples(
                        x, y, visited, first, last, q, g, width, rate, code, exact, errors, wanted, drive
                    )
                for v in range(0, width, 8):
                    store(h, v, load(d, v) * load(g, v))
                squared = sweep(w, w2, carrier, q, g, h, p, s2, rows, width, scale) * scale * scale
                squared2 = squared_norm(w2, long)
                factor = 1.0
                if preserve:
                    if ordinary(squared) and ordinary(squared2) and regainable:
                        shrink = regained(norms[trial, 0], squared)
                        factor = regained(norms[trial, 1], squared2)
                        scale *= shrink
                        squared *= shrink * shrink
                        squared2 *= factor * factor
                        multiply(w2, long, factor)
                    else:
                        regain(w, rows * width, norms[trial, 0])
                        regain(w2, long, norms[trial, 1])
                        scale = 1.0
                        multiply_out(w, w2, q, rows, width)
                        squared, squared2 = squared_norm(w, rows * width), squared_norm(w2, long)
                multiply(q, width, factor * scale)
                if not (1 / LARGEST_SCALE < scale < LARGEST_SCALE):
                    multiply(w, rows * width, scale)
                    scale = 1.0
            # A sum that is not a number fails the comparison too.
            if not (squared < SAFE_NORM**2 and squared2 < SAFE_NORM**2):
                finished = epoch + 1
                suspect[task] = True
                break
        scales[task] = scale
        done[task] = finished
