"""`train` as a whole: against a loop-by-loop textbook run, and everything its history promises."""

import subprocess
import sys

import jax
import numpy as np
import pytest

import curldescent as cd
from curldescent.learning.engines import reference, reference_program
from curldescent.learning.rules.signed_gradient import Convention
from tests.conftest import random_problem
from tests.learning import textbook


def textbook_run(problem, rule, *, trial, epochs, learning_rate, batch, preserve_norms, output_error, seed):
    """Weights after every epoch and both errors, by the slow implementation with the documented sample orders."""
    student, x = problem.student, problem.inputs
    y, y_test = problem.train_outputs()[trial], problem.test_outputs()[trial]
    w1, w2 = student.hidden[trial], student.readout[trial]
    norms = (np.linalg.norm(w1), np.linalg.norm(w2)) if preserve_norms else None
    strengths = rule.strengths(student.sizes)
    feedback = rule.feedback_matrices(student.sizes, trials=problem.trials, seed=seed)
    orders = np.random.default_rng([seed, trial])
    kind = {"activation": problem.activation, "output_activation": problem.output_activation}
    train_error = [textbook.mean_error(w1, w2, x, y, **kind)]
    test_error = [textbook.mean_error(w1, w2, problem.test_inputs, y_test, **kind)]
    for _ in range(epochs):
        order = orders.permuted(np.arange(len(x)))
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]
            w1, w2 = textbook.step(
                w1,
                w2,
                x[chosen],
                y[chosen],
                s1=strengths.hidden,
                s2=strengths.readout,
                feedback=None if feedback is None else feedback[0][trial],
                output_error=output_error,
                rate=learning_rate * len(chosen) / len(x),
                norms=norms,
                **kind,
            )
        train_error.append(textbook.mean_error(w1, w2, x, y, **kind))
        test_error.append(textbook.mean_error(w1, w2, problem.test_inputs, y_test, **kind))
    return w1, w2, train_error, test_error


RULES = {
    "GD": cd.Plasticity(),
    "CD": cd.Plasticity(hidden=0.3, readout=0.4),
    "graded rows": cd.Plasticity(hidden=[1, 0.2, 0, -1, -0.5], readout=[1, -1, 0.4], flips="postsynaptic"),
    "FA": cd.Plasticity(feedback="random"),
    "FA + flips": cd.Plasticity(readout=0.4, feedback="random"),
}


@pytest.mark.parametrize(
    ("activation", "output_activation", "batch", "preserve_norms", "output_error"),
    [
        ("linear", "linear", 23, True, "delta"),
        ("tanh", "tanh", 5, True, "delta"),
        ("relu", "linear", 23, False, "mse"),
        ("sigmoid", "sigmoid", 7, False, "mse"),
        ("relu", "relu", 1, True, "delta"),
    ],
)
def test_histories_follow_the_textbook(activation, output_activation, batch, preserve_norms, output_error):
    problem = random_problem(5, activation=activation, output_activation=output_activation)
    settings = {"learning_rate": 0.3, "preserve_norms": preserve_norms, "output_error": output_error, "seed": 8}
    history = cd.train(problem, RULES, epochs=4, batch_size=batch, record=[0, 1, 2, 3, 4], **settings)
    for name, rule in RULES.items():
        got = history.sel(rule=name, trial=1)
        w1, w2, train_error, test_error = textbook_run(problem, rule, trial=1, epochs=4, batch=batch, **settings)
        # Both sides round differently at 1e-16 a step; some 100 steps do not amplify that a thousandfold.
        np.testing.assert_allclose(got.train_error, train_error, rtol=0, atol=1e-12)
        np.testing.assert_allclose(got.test_error, test_error, rtol=0, atol=1e-12)
        np.testing.assert_allclose(got.student_hidden, w1, rtol=0, atol=1e-12)
        np.testing.assert_allclose(got.student_readout, w2, rtol=0, atol=1e-12)


def test_the_step_of_an_epoch_is_the_learning_rate_whatever_the_batch():
    problem = random_problem(activation="linear", output_activation="linear")
    tiny = 1e-7  # so small that the weights hardly move within the epoch, and the steps add up
    moves = []
    for batch in (1, 4, 23):
        history = cd.train(problem, cd.Plasticity(), epochs=1, learning_rate=tiny, batch_size=batch)
        moves.append((history.student_hidden.values - problem.student.hidden) / tiny)
    np.testing.assert_allclose(moves[0], moves[2], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moves[1], moves[2], rtol=1e-4, atol=1e-6)


def test_norms_are_preserved_to_rounding():
    problem = random_problem(1)
    history = cd.train(
        problem, cd.Plasticity(hidden=0.5), epochs=30, learning_rate=1.0, batch_size=4, preserve_norms=True
    )
    for layer, start in (("student_hidden", problem.student.hidden), ("student_readout", problem.student.readout)):
        np.testing.assert_allclose(
            np.linalg.norm(history[layer], axis=(-2, -1)), np.linalg.norm(start, axis=(-2, -1)), rtol=1e-13
        )
        assert np.abs(history[layer].values - start).max() > 0.1


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    runs = [cd.train(random_problem(), RULES, epochs=5, batch_size=4, seed=s) for s in (3, 3, 4)]
    assert runs[0].identical(runs[1])
    assert not np.array_equal(runs[0].train_error[..., -1], runs[2].train_error[..., -1])


def test_a_rule_learns_the_same_alone_and_in_company(problem):
    together = cd.train(problem, RULES, epochs=5, batch_size=4)
    for name, rule in RULES.items():
        alone = cd.train(problem, rule, epochs=5, batch_size=4)
        assert alone.train_error.dims == ("trial", "epoch")
        np.testing.assert_array_equal(together.train_error.sel(rule=name), alone.train_error)


def test_lists_of_rules_are_named_by_their_labels(problem):
    history = cd.train(problem, [cd.Plasticity(), cd.Plasticity(), cd.Plasticity(readout=0.5)], epochs=1)
    assert history.rule.values.tolist() == ["GD", "GD #2", "CD (α_r = 0.5: 2 of 5)"]


def test_epochs_after_the_last_recorded_one_still_count(problem):
    early = cd.train(problem, cd.Plasticity(), epochs=10, record=[0, 2])
    late = cd.train(problem, cd.Plasticity(), epochs=10, record=[10])
    assert early.epoch.values.tolist() == [0, 2]
    np.testing.assert_array_equal(early.student_hidden, late.student_hidden)


def test_long_runs_do_not_notice_the_chunks_they_are_cut_into(problem, monkeypatch):
    whole = cd.train(problem, cd.Plasticity(), epochs=12, batch_size=5)
    monkeypatch.setattr(reference, "MAX_CHUNK", 3)
    np.testing.assert_array_equal(
        whole.train_error, cd.train(problem, cd.Plasticity(), epochs=12, batch_size=5).train_error
    )


def test_weights_are_kept_at_the_recorded_epochs(problem):
    history = cd.train(problem, cd.Plasticity(), epochs=4, record=[0, 4], record_weights=True)
    assert history.hidden_history.dims == ("trial", "epoch", "hidden", "input")
    np.testing.assert_array_equal(history.hidden_history[:, 0], problem.student.hidden)
    np.testing.assert_array_equal(history.readout_history[:, 1], history.student_readout)


def blowing_up():
    """Two trials of which only the second has weights large enough to run away."""
    calm = random_problem(activation="linear", output_activation="linear")
    hidden, readout = np.array(calm.student.hidden), np.array(calm.student.readout)
    hidden[1] *= 100
    readout[1] *= 100
    return cd.Problem(
        inputs=calm.inputs,
        test_inputs=calm.test_inputs,
        student=cd.Weights(hidden=hidden, readout=readout),
        teacher=calm.teacher,
    )


def test_a_diverged_trial_is_marked_with_its_epoch_and_the_others_go_on():
    problem = blowing_up()
    every = list(range(31))
    history = cd.train(problem, cd.Plasticity(), epochs=30, record=every, record_weights=True)
    assert history.diverged.values.tolist() == [False, True]
    when = int(history.diverged_at[1])
    assert 1 <= when < 30
    assert int(history.diverged_at[0]) == -1
    lost = history.isel(trial=1)
    for name in ("train_error", "test_error"):
        assert np.isfinite(lost[name][:when]).all()
        assert np.isnan(lost[name][when:]).all()
        assert np.isfinite(history[name][0]).all()
    assert np.abs(lost.hidden_history[:when]).max() <= 1e50
    assert np.isnan(lost.student_hidden).all()
    assert history.train_error[0, -1] < history.train_error[0, 0]
    # The epoch does not depend on when one looks.
    rarely = cd.train(problem, cd.Plasticity(), epochs=30, record=[30])
    assert rarely.diverged_at.values.tolist() == history.diverged_at.values.tolist()
    calm = cd.Problem(
        inputs=problem.inputs,
        student=cd.Weights(hidden=problem.student.hidden[:1], readout=problem.student.readout[:1]),
        teacher=cd.Weights(hidden=problem.teacher.hidden[:1], readout=problem.teacher.readout[:1]),
    )
    alone = cd.train(calm, cd.Plasticity(), epochs=30, record=every)
    np.testing.assert_allclose(history.train_error[0], alone.train_error[0], rtol=1e-12)


def test_when_every_trial_has_diverged_the_rest_is_not_computed():
    class Watch:
        last = 0

        def start(self, total, unit):
            assert (total, unit) == (100_000, "epochs")

        def update(self, done):
            self.last = done

        def finish(self):
            pass

    watch = Watch()
    history = cd.train(
        blowing_up(), cd.Plasticity(1.0, 1.0), epochs=100_000, learning_rate=3.0, record=[0, 100_000], progress=watch
    )
    assert history.diverged.all()
    assert watch.last <= 2000
    assert np.isnan(history.train_error[:, 1]).all()


def test_an_error_that_overflows_is_a_divergence():
    huge = cd.Problem(
        inputs=np.full((2, 1), 1e200),
        student=cd.Weights(hidden=[[1.0]], readout=[[1.0]]),
        targets=np.zeros((2, 1)),
    )
    history = cd.train(huge, cd.Plasticity(), epochs=2, record=[0, 1, 2])
    assert history.diverged_at.values.tolist() == [0]
    assert np.isnan(history.train_error).all()


def test_trials_stop_below_the_threshold_and_keep_the_weights_they_stopped_with():
    problem = cd.student_teacher(n_inputs=5, n_hidden=20, n_train=40, trials=4, seed=2)
    settings = {"epochs": 400, "record": list(range(0, 401, 10))}
    free = cd.train(problem, cd.Plasticity(), **settings)
    threshold = float(free.train_error[:, 20].median())
    stopped = cd.train(problem, cd.Plasticity(), stop_below=threshold, **settings)
    first = cd.epochs_to_threshold(free.train_error, threshold)
    reached = (free.train_error < threshold).any("epoch").values
    assert reached.sum() > 0
    assert stopped.stopped_at.values.tolist() == np.where(reached, first, -1).tolist()
    for trial in np.flatnonzero(reached):
        at = int(stopped.stopped_at[trial])
        curve = stopped.train_error[trial]
        np.testing.assert_allclose(curve.sel(epoch=slice(0, at)), free.train_error[trial].sel(epoch=slice(0, at)))
        assert (curve.sel(epoch=slice(at, None)) == curve.sel(epoch=at)).all()
    assert set(np.unique(free.stopped_at)) == {-1}


@pytest.mark.parametrize("preserve_norms", [False, True])
def test_stopping_below_both_errors_leaves_the_epochs_to_both_as_they_were(preserve_norms):
    problem = cd.student_teacher(
        n_inputs=6, n_hidden=5, activation="tanh", n_train=60, n_test=40, student_scale=2.0, trials=6, seed=1
    )
    rules = {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.2)}
    settings = {"epochs": 400, "batch_size": 10, "preserve_norms": preserve_norms}
    free = cd.train(problem, rules, **settings)
    train, test = 1.5e-3, 2e-3
    stopped = cd.train(problem, rules, stop_below=[train, test], **settings)
    for error, threshold in (("train_error", train), ("test_error", test)):
        expected = cd.epochs_to_threshold(free[error], threshold)
        np.testing.assert_array_equal(cd.epochs_to_threshold(stopped[error], threshold), expected)
    both = (free.train_error < train) & (free.test_error < test)
    expected = free.epoch[both.argmax("epoch")].where(both.any("epoch"), -1)
    np.testing.assert_array_equal(stopped.stopped_at, expected)
    # The case has to be one: trials that stop and one that does not, test errors that come later than training errors.
    ended = stopped.stopped_at.values >= 0
    assert ended.any()
    assert not ended.all()
    train_alone = cd.epochs_to_threshold(free.train_error, train).values
    assert (train_alone < stopped.stopped_at.values)[ended].any()


def test_epochs_to_threshold_counts_the_last_epoch_only_where_asked_to():
    problem = random_problem()
    history = cd.train(problem, cd.Plasticity(), epochs=20, record=[0, 5, 20])
    assert cd.epochs_to_threshold(history.train_error, 1e-30).isnull().all()
    assert cd.epochs_to_threshold(history.train_error, 1e-30, never="last").values.tolist() == [20, 20]
    assert cd.epochs_to_threshold(history.train_error, 1e9).values.tolist() == [0, 0]


def test_single_precision_is_asked_for_and_close():
    problem = random_problem()
    double, single = (
        cd.train(problem, cd.Plasticity(), epochs=20, batch_size=5, dtype=d) for d in ("float64", "float32")
    )
    assert single.attrs["dtype"] == "float32"
    assert not np.array_equal(double.train_error, single.train_error)
    np.testing.assert_allclose(single.train_error, double.train_error, rtol=1e-4)


def test_jax_configuration_is_left_alone_and_float64_used(problem):
    before = jax.config.jax_enable_x64
    history = cd.train(problem, cd.Plasticity(), epochs=2)
    assert jax.config.jax_enable_x64 == before
    assert jax.numpy.zeros(1).dtype == (np.float64 if before else np.float32)
    assert (history.student_hidden.values != history.student_hidden.values.astype(np.float32)).any()


def test_a_second_run_of_equal_shape_compiles_nothing(problem):
    reference_program.programs.cache_clear()
    settings = {"batch_size": 6, "engine": "jax"}
    cd.train(problem, RULES, epochs=7, **settings)
    cd.train(random_problem(9), dict(list(RULES.items())), epochs=11, learning_rate=0.01, seed=5, **settings)
    # Another number of students is the same program, too.
    cd.train(random_problem(9, trials=3), RULES["GD"], epochs=2, **settings)
    assert reference_program.programs.cache_info().currsize == 1
    program, _ = reference_program.programs(**program_key(problem, 6))
    assert reference_program.programs.cache_info().currsize == 1
    assert program._cache_size() == 1


def program_key(problem, batch):
    student = problem.student
    rows = min(reference.MAX_CHUNK, reference.STUDENT_ORDER_BYTES // (4 * problem.n_train))
    sizes = (problem.n_train, student.n_inputs, *student.sizes)
    convention = Convention(problem.activation, problem.output_activation, "delta", False)
    way = reference.Way(convention, batch, None, None)
    return {"batched": False, "way": way, "shapes": (*sizes, rows, "float64")}


@pytest.mark.slow
def test_programs_of_shapes_long_past_are_forgotten():
    for samples in range(10, 10 + reference_program.PROGRAMS + 3):
        cd.train(random_problem(samples=samples), cd.Plasticity(), epochs=1, engine="jax")
    assert reference_program.programs.cache_info().currsize == reference_program.PROGRAMS


def test_importing_the_package_imports_neither_jax_nor_matplotlib():
    code = "import curldescent, sys; print([m for m in ('jax', 'matplotlib', 'xarray', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
