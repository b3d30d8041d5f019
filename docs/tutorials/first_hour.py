# %% [markdown]
# # A first hour
#
# What curl descent is, in six steps: two weights that can be seen, networks that learn under it, the theory that says
# which of them may, how much curl there is, where it makes learning faster, and a rule of one's own. Run as a script
# this page prints what stands here and leaves its pictures beside it.
#
# ## Two weights
#
# The smallest network has two weights and learns that their product be 1. Gradient descent slides along hyperbolas
# into a line of solutions, all of which attract. Flip the sign of the rule of w2, and the weights move on circles:
# the loss may rise on the way, and half of the solutions repel (dotted).

# %%
import jax.numpy as jnp

import curldescent as cd

figure = cd.plots.flow_fields()
print(*cd.plots.save(figure, "first_hour_two_weights"))

# %% [markdown]
# ## Networks
#
# A network with 20 inputs and 100 hidden neurons learns what another of its size computes: a *problem* is a student,
# what it should learn, and inputs. Five trials: five teachers and five students, one set of inputs.

# %%
problem = cd.student_teacher(n_inputs=20, n_hidden=100, n_train=250, trials=5, seed=0)
print(problem)

# %% [markdown]
# How the synapses learn is a *plasticity*. A number is the fraction of flipped neurons of a layer, whose synapses climb
# the loss that the others descend.

# %%
rules = {
    "GD": cd.Plasticity(),
    "CD, half of the inputs": cd.Plasticity(hidden=0.5),
    "CD, all of the inputs": cd.Plasticity(hidden=1.0),
}
print(rules["CD, half of the inputs"])

# %% [markdown]
# `train` runs all rules and trials at once. One epoch is one pass over the 250 samples. The history is an
# `xarray.Dataset`: choose by name, not by position.

# %%
history = cd.train(problem, rules, epochs=1500, batch_size=10, preserve_norms=True)
history

# %%
final = history.test_error.sel(epoch=1500).median("trial")
print(final.to_pandas().map("{:.1e}".format))

# %%
figure = cd.plots.learning_curves(history)
print(*cd.plots.save(figure, "first_hour_stable"))

# %% [markdown]
# With half of the inputs flipped the network still learns, to machine precision: although nothing descends the loss,
# the solutions it finds are stable. A network with fewer hidden neurons does not:

# %%
compressive = cd.student_teacher(n_inputs=60, n_hidden=60, n_train=250, trials=5, seed=0)
beyond = cd.train(compressive, rules, epochs=1500, batch_size=10, preserve_norms=True)
print(beyond.test_error.sel(epoch=1500).median("trial").to_pandas().map("{:.1e}".format))
figure = cd.plots.learning_curves(beyond)
print(*cd.plots.save(figure, "first_hour_unstable"))

# %% [markdown]
# ## What theory says
#
# What differs is the compression ratio c = M/N, inputs over hidden neurons. Solutions of large random networks are
# stable below a critical ratio.

# %%
for fraction in (0.5, 1.0):
    critical = cd.theory.critical_ratio(hidden=fraction)
    print(f"flipped {fraction:.0%}: stable below c = {critical:.3f}; here c = {20 / 100} and {60 / 60}")

# %% [markdown]
# So c = 0.2 should be stable, even with every input flipped. The line is that of large networks, though, and 0.2 is
# close to 0.25. Ask of these very networks: at the teacher, a solution, does the error decay in every direction?

# %%
at_solution = problem.starting_at_teacher()
for name, rule in rules.items():
    found = cd.analysis.stability(at_solution, rule)
    print(f"{name}: {found.stable.sum()} of {len(found)} stable, margins {found.margin.round(3)}")

# %% [markdown]
# ## How much curl?
#
# A field is a gradient where its Jacobian is symmetric. The antisymmetric share of it measures the curl.

# %%
for name, rule in rules.items():
    print(f"{name}:", cd.analysis.curl(problem, rule, trial=0))

# %% [markdown]
# Do not mistake it for a measure of harm: the network with every input flipped has most of it, and all of its solutions
# are stable.
#
# ## Where it is faster
#
# Nonlinear students with large initial weights, one readout neuron in ten flipped: epochs to a training error of 0.01,
# each student beside itself.

# %%
tanh = cd.student_teacher(n_inputs=100, n_hidden=10, activation="tanh", n_train=1000, student_scale=3.0, trials=5)
pair = {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.1)}
race = cd.train(tanh, pair, epochs=1000, batch_size=10, preserve_norms=True)
print(cd.epochs_to_threshold(race.train_error, 1e-2).to_pandas())
figure = cd.plots.learning_curves(race)
print(*cd.plots.save(figure, "first_hour_faster"))

# %% [markdown]
# Not everywhere: with fewer samples, or with students of the teacher's size, it is slower. Where it wins and where it
# loses is [measured](../speedup.md).
#
# ## A rule of your own
#
# Anything that a synapse can compute from what it sees is a rule: activities before and after it, an error, its own
# weight. `cd.train` and the analyses take it where they take a plasticity. Here errors that are only sent where a
# neuron is active:


# %%
def gated(sight):
    """The error signal, of active neurons alone."""
    return -((sight.error * (jnp.abs(sight.post) > 0.1)).T @ sight.pre) / len(sight.pre)


mine = cd.train(tanh, gated, epochs=100, preserve_norms=True)
print(
    f"training error {float(mine.train_error[:, 0].mean()):.2f} at first, {float(mine.train_error[:, -1].mean()):.2f}"
)
print(cd.analysis.curl(tanh, gated, trial=0))

# %% [markdown]
# What remains to be seen: [predicting stability](predicting_stability.py) before anything runs, [a network of your
# own](own_network.py), [a sweep](sweep.py), and [the paper](reading_the_paper.py), read with the library in hand.
