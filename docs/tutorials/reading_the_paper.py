# %% [markdown]
# # Reading the paper with the library
#
# [Ninou, Kadmon & Cayco-Gajic (NeurIPS 2025)](https://arxiv.org/abs/2510.02765) say that learning need not be gradient
# descent to work. This page takes four of their statements and asks for each: what does it mean here, and is it so?

# %%
import tempfile
from pathlib import Path

import curldescent as cd

# %% [markdown]
# ## Figures and their claims
#
# Every figure of the paper is an object: what is computed, how it is drawn, what is claimed, and when a claim counts as
# confirmed or refuted, with the day on which that was written and every change since.

# %%
for figure in cd.paper.figures():
    if figure.origin == "paper":
        print(f"{figure.key:12} {figure.title}")

# %%
figure = cd.paper.figure("fig2")
print(figure.about)
for claim in figure.claims:
    print(f"- {claim.statement}\n  confirmed if: {claim.criterion}")

# %% [markdown]
# ## Run one
#
# At "quick" scale it takes seconds; "paper" is the paper's own grid. The same from the shell: `curldescent reproduce
# fig2 --scale quick`, and `curldescent reproduce plan fig3a --scale paper` says beforehand what a figure costs.

# %%
out = Path(tempfile.mkdtemp())
verdict = cd.paper.reproduce("fig2", out, scale="quick", workers=1)
for claim, finding in verdict.findings:
    print(f"{finding.verdict}: {claim.statement} ({finding.said})")
Path("reading_the_paper_fig2.png").write_bytes(verdict.picture.read_bytes())

# %% [markdown]
# At the paper's own scale it looks like this ([all of them](../reproduction/README.md)):
#
# ![Figure 2 at the paper's scale](../reproduction/fig2.png)

# %% [markdown]
# ## "Curl descent is not gradient descent"
#
# A rule is a gradient exactly where the Jacobian of its field is symmetric. How far is it from that?

# %%
problem = cd.student_teacher(n_inputs=10, n_hidden=20, n_train=60, trials=1)
for share in (0.0, 0.1, 0.5):
    print(f"{share:.0%} of the readout flipped:", cd.analysis.curl(problem, cd.Plasticity(readout=share), trial=0))

# %% [markdown]
# ## "Solutions stay stable up to a critical amount"
#
# The boundary in closed form, and one sampled network a point on either side of it: is the lowest eigenvalue of its
# stability matrix positive?

# %%
for hidden in (0.1, 0.5, 1.0):
    critical = cd.theory.critical_ratio(hidden=hidden)
    lowest = [cd.theory.Spectrum(ratio=k * critical, hidden=hidden).sample(400, seed=1)[0] for k in (0.5, 2)]
    print(f"α = {hidden}: c* = {critical:.3f}; λ_min at half of it {lowest[0]:+.3f}, at twice {lowest[1]:+.3f}")

# %% [markdown]
# ## "Curl can make learning faster"
#
# Their setting: tanh students, a readout with one flipped neuron. Epochs to an error of 0.01, in pairs that share
# teacher, student, data and the order of samples; once with initial weights three times those of the teacher, once
# with weights of the same size.

# %%
rules = {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.1)}
for scale in (3.0, 1.0):
    tanh = cd.student_teacher(n_inputs=100, n_hidden=10, activation="tanh", n_train=1000, student_scale=scale, trials=5)
    history = cd.train(tanh, rules, epochs=1000, batch_size=10, preserve_norms=True)
    epochs = cd.epochs_to_threshold(history.train_error, 1e-2)
    faster = int((epochs.sel(rule="CD") < epochs.sel(rule="GD")).sum())
    print(
        f"weights times {scale:g}: CD first in {faster} of 5; mean epochs", epochs.mean("trial").to_series().to_dict()
    )
    if scale == 3:
        picture = cd.plots.learning_curves(history)
        print(*cd.plots.save(picture, "reading_the_paper_speed"))

# %% [markdown]
# So the sentence needs its "can". Where the difference comes from was asked with [controls](../speedup.md), and
# some of the paper's claims were [refuted](../reproduction/README.md) at its own protocol.
#
# ## "Learning can be chaotic"
#
# Beyond the boundary weights may move for ever. A positive largest Lyapunov exponent is what chaos means; a trace that
# looks irregular is not enough. A short look like this one often cannot tell, and says so:

# %%
start = cd.student_teacher(n_inputs=20, n_hidden=10, n_train=60, trials=1, seed=3)
found = cd.analysis.regime(start, cd.Plasticity(hidden=0.5), time=300.0, preserve_norms=True)
print(found)

# %% [markdown]
# What it takes to be sure, and where chaos was found, is on the page [Is it chaos?](../chaos.md). All claims with their
# verdicts are under [What is true](../reproduction/README.md). Next: [curl descent as an optimizer](optimizer.py).
