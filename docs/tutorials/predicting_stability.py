# %% [markdown]
# # Predicting stability
#
# Whether learning ends in a solution is decided by one symmetric matrix, and for random networks by its limiting law.
# Nothing is trained on this page until the end.

# %%
import numpy as np

import curldescent as cd
from curldescent import theory

# %% [markdown]
# ## The boundary
#
# A linear student with N hidden neurons and M inputs, c = M/N. Solutions are stable below the critical ratio.

# %%
for fraction in (0.1, 0.5, 1.0):
    print(f"{fraction:.0%} of inputs flipped: c* = {theory.critical_ratio(hidden=fraction):.4f}", end="; ")
    print(f"of hidden neurons: c* = {theory.critical_ratio(readout=fraction):.4f}")

# %%
figure = cd.plots.phase_diagrams([theory.phase_diagram(layer, resolution=300) for layer in ("hidden", "readout")])
print(*cd.plots.save(figure, "predicting_stability_boundary"))

# %% [markdown]
# Flips in both layers at once, or graded strengths, are the same call: here a fifth of the inputs learns at half speed
# with the wrong sign and another fifth does not learn at all.

# %%
graded = {1.0: 0.6, 0.0: 0.2, -0.5: 0.2}
print(theory.critical_ratio(hidden=graded, readout=0.05))

# %% [markdown]
# ## The spectrum
#
# `Spectrum` is the law of the stability matrix K = ρ D1 + W1ᵀ D2 W1. Negative eigenvalues are directions in which the
# error grows.

# %%
law = theory.Spectrum(ratio=0.5, hidden=0.3, readout=0.1)
print(law)

# %%
sample = law.sample(n_inputs=800, seed=0)
print(f"predicted λ_min {law.lambda_min:.3f}, sampled {sample[0]:.3f}")
figure = cd.plots.spectrum(law, sample)
print(*cd.plots.save(figure, "predicting_stability_spectrum"))

# %% [markdown]
# ## Small networks
#
# The law is that of infinitely large layers. What are the odds at M = 20, just beyond the boundary?

# %%
beyond = theory.Spectrum(ratio=1.1 * theory.critical_ratio(hidden=0.5), hidden=0.5)
print("large networks:", "stable" if beyond.stable else "unstable")
print(theory.stability_probability(beyond, 20, samples=500))

# %% [markdown]
# ## Does it hold?
#
# Students that start at their teacher, a solution, up to 10⁻⁶. On the stable side they stay, on the other they leave.

# %%
critical = theory.critical_ratio(hidden=0.5)
for ratio in (0.5 * critical, 2 * critical):
    n_hidden = round(30 / ratio)
    problem = cd.student_teacher(n_inputs=30, n_hidden=n_hidden, n_train=120, trials=10)
    start = problem.starting_at_teacher(hidden_noise=1e-6)
    history = cd.train(start, cd.Plasticity(hidden=0.5), epochs=500, learning_rate=0.2)
    left = (history.train_error[:, -1] > 10 * history.train_error[:, 0]) | history.diverged
    predicted = "stable" if ratio < critical else "unstable"
    verdicts = cd.analysis.stability(problem.starting_at_teacher(), cd.Plasticity(hidden=0.5)).stable
    print(f"c = {ratio:.2f}, predicted {predicted}:", end=" ")
    print(f"{int(left.sum())} of 10 left, {np.sum(~verdicts)} judged unstable")

# %% [markdown]
# Derivations are on the page [Theory](../theory.md). Next: [your own network](own_network.py).
