# %% [markdown]
# # First experiment
#
# A network with 20 inputs and 100 hidden neurons learns what another of its size computes. Once by gradient descent,
# once with half of its inputs' synapses learning with the wrong sign.

# %%
import curldescent as cd

problem = cd.student_teacher(n_inputs=20, n_hidden=100, n_train=250, trials=5, seed=0)
problem

# %% [markdown]
# A *problem* is a student, what it should learn, and inputs. Five trials: five teachers and five students, one set of
# inputs. How the synapses learn is a *plasticity*. A number is the fraction of flipped neurons of a layer.

# %%
rules = {
    "GD": cd.Plasticity(),
    "CD, half of the inputs": cd.Plasticity(hidden=0.5),
    "CD, all of the inputs": cd.Plasticity(hidden=1.0),
}
rules["CD, half of the inputs"]

# %% [markdown]
# `train` runs all rules and trials at once. One epoch is one pass over the 250 samples.

# %%
history = cd.train(problem, rules, epochs=1500, batch_size=10, preserve_norms=True)
history

# %% [markdown]
# The history is an `xarray.Dataset`: choose by name, not by position.

# %%
final = history.test_error.sel(epoch=1500).median("trial")
print(final.to_pandas().map("{:.1e}".format))

# %%
figure = cd.plots.learning_curves(history)

# %% [markdown]
# With half of the inputs flipped the network still learns, to machine precision: although nothing descends the loss,
# the solutions it finds are stable. Theory says how far that goes: up to which compression ratio c = M/N solutions of
# large networks are stable.

# %%
for fraction in (0.5, 1.0):
    print(
        f"flipped {fraction:.0%}: stable below c = {cd.theory.critical_ratio(hidden=fraction):.3f}; here c = {20 / 100}"
    )

# %% [markdown]
# So c = 0.2 should be stable, even with every input flipped. The line is that of large networks, though, and 0.2 is
# close to 0.25. Ask of these very networks: at the teacher, a solution, is the signed tangent kernel positive?

# %%
at_solution = problem.starting_at_teacher()
for name, rule in rules.items():
    found = cd.analysis.stability(at_solution, rule)
    print(f"{name}: {found.stable.sum()} of {len(found)} stable, margins {found.margin.round(3)}")

# %% [markdown]
# A network with fewer hidden neurons is beyond the boundary, c = 1:

# %%
compressive = cd.student_teacher(n_inputs=60, n_hidden=60, n_train=250, trials=5, seed=0)
beyond = cd.train(compressive, rules, epochs=1500, batch_size=10, preserve_norms=True)
print(beyond.test_error.sel(epoch=1500).median("trial").to_pandas().map("{:.1e}".format))

# %%
figure = cd.plots.learning_curves(beyond)

# %% [markdown]
# Next: [predicting stability](predicting_stability.py) before anything runs.
