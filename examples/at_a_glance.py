"""The picture on the front page: the rule, its flow, the boundary, and learning on either side of it.

Run with ``python examples/at_a_glance.py [FOLDER]``; writes at_a_glance.png and at_a_glance.pdf. A minute on one core.
"""

import sys
from pathlib import Path

import curldescent as cd
from curldescent.plots.at_a_glance import at_a_glance

FLIPPED, TOTAL = 0.5, 120


def linear(ratio):
    """Test errors of ten linear students with half of their inputs flipped."""
    n_hidden = round(TOTAL / (1 + ratio))
    problem = cd.student_teacher(n_inputs=TOTAL - n_hidden, n_hidden=n_hidden, trials=10)
    history = cd.train(problem, cd.Plasticity(hidden=FLIPPED), epochs=10_000, batch_size=10, preserve_norms=True)
    return history.test_error.assign_attrs(ratio=ratio, hidden=FLIPPED)


problem = cd.student_teacher(
    n_inputs=100, n_hidden=10, activation="tanh", n_train=2000, n_test=0, student_scale=2.0, trials=10
)
rules = {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.1)}
tanh = cd.train(problem, rules, epochs=5000, batch_size=10, preserve_norms=True, stop_below=1e-4)
# A student that does not get there in 5000 epochs is censored: its mean is then a lower bound, and said to be one.
needed = cd.epochs_to_threshold(tanh.train_error, 1e-3)
print(cd.summarise_epochs(needed)[["restricted_mean", "standard_error", "censored", "count"]].to_dataframe())

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
for path in cd.plots.save(at_a_glance(linear(0.15), linear(0.6), tanh), folder / "at_a_glance"):
    print(path)
