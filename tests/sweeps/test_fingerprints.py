"""What a store is known by survives what changes no result, and notices what does."""

import inspect

import pytest

import curldescent as cd
from curldescent.foundation.canonical import canonical, digest
from curldescent.sweeps.description import fingerprints, parameter_sections, settings
from curldescent.sweeps.description.settings import Settings
from tests.sweeps.conftest import contents, fill, small

# Defaults that changed since semantics 1 began: sweeps that omit them have other fingerprints than before.
CHANGED = {"keep": {"never": "nan"}}
SECTIONS = ("student_teacher", "start", "training", "keep")


def fingerprint(**changes):
    return small(**changes).settings.fingerprint


def spelled_out(shared):
    """The scheme of the version before, in its own words: a hash of all that its plan would say."""
    content = shared.as_json()
    for section in SECTIONS:
        gained = fingerprints.ADDED.get(section, {})
        content[section] = {name: value for name, value in content[section].items() if name not in gained}
    return digest(canonical(content))


@pytest.mark.parametrize("section", [*SECTIONS, *parameter_sections.RULES])
def test_no_default_changes_or_appears_without_a_word_here(section):
    """Where this fails: list a new argument in fingerprints.ADDED. A changed default of a rule is a change of meaning,
    raise SEMANTICS; one of a section can instead be listed in CHANGED above."""
    listed = {**fingerprints.FIRST.get(section, {}), **fingerprints.ADDED.get(section, {})}
    assert parameter_sections.defaults(section) == {**listed, **CHANGED.get(section, {})}


@pytest.fixture
def changing(monkeypatch):
    """Give a function other defaults, or arguments that it does not have."""

    def change(section, **defaults):
        own = parameter_sections._TARGETS["rule" if section == "plasticity" else section]
        signature = inspect.signature(own)
        parameters = {n: p for n, p in signature.parameters.items() if n not in defaults}
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters |= {n: inspect.Parameter(n, kind, default=value) for n, value in defaults.items()}

        def another(**arguments):
            return own(**{n: v for n, v in arguments.items() if n in signature.parameters})

        another.__signature__ = signature.replace(parameters=list(parameters.values()))
        if section == "plasticity":
            monkeypatch.setitem(parameter_sections._TARGETS, "rule", another)
            whole = parameter_sections.rule_class
            monkeypatch.setattr(parameter_sections, "rule_class", lambda k: another if k == section else whole(k))
        else:
            monkeypatch.setitem(parameter_sections._TARGETS, section, another)
        if hasattr(settings, own.__name__):  # where it is called
            monkeypatch.setattr(settings, own.__name__, another)
        clear()

    yield change
    monkeypatch.undo()
    clear()


def clear():
    parameter_sections.parameters.cache_clear()
    parameter_sections.section_of.cache_clear()


NEW = [("training", {"momentum": 0.0}), ("student_teacher", {"bias": False}), ("start", {"tilt": None})]


@pytest.mark.parametrize(("section", "new"), NEW, ids=lambda value: value if isinstance(value, str) else "")
def test_a_new_argument_with_a_default_changes_no_fingerprint_and_opens_every_store(tmp_path, changing, section, new):
    store = fill(small(), tmp_path / "store")
    before, keys, spelled = fingerprint(), small().grid.cell_keys(), small().settings.fingerprints
    changing(section, **new)
    assert small().settings.as_json()[section].items() >= new.items()
    assert fingerprint() == before
    assert small().settings.fingerprints == spelled
    assert small().grid.cell_keys() == keys
    assert cd.sweeps.status(store, verify=True).damaged == ()
    assert cd.sweeps.run(small(), store, workers=1).computed == 0
    other = dict.fromkeys(new, 3)
    given = small().settings.as_json()[section]
    assert fingerprint(**{section: {**{n: v for n, v in given.items() if n != "ratio"}, **other}}) != before


def test_a_new_argument_of_a_rule_changes_no_fingerprint(changing):
    before = small(rules={"CD": {"readout": 0.5}}, axes={"ratio": [1]}).settings.fingerprints
    changing("plasticity", decay=0.0)
    assert small(rules={"CD": {"readout": 0.5}}, axes={"ratio": [1]}).settings.fingerprints == before


def test_a_changed_default_of_a_rule_is_another_meaning(monkeypatch):
    before = small(axes={"ratio": [1]}).settings.fingerprint
    monkeypatch.setitem(fingerprints.ADDED, "oja", {"decay": 7.0, "readout": "delta"})
    assert small(axes={"ratio": [1]}).settings.fingerprint != before


def test_a_new_entry_of_keep_changes_no_fingerprint(monkeypatch):
    from dataclasses import dataclass

    from curldescent.sweeps.description import sweep

    before = small(keep={"epochs_to": [0.1]}).settings.fingerprints

    @dataclass(frozen=True)
    class Keep(cd.sweeps.Keep):
        loudness: bool = False

    monkeypatch.setattr(parameter_sections, "Keep", Keep)
    monkeypatch.setattr(sweep, "Keep", Keep)
    clear()
    try:
        assert small(keep={"epochs_to": [0.1]}).settings.as_json()["keep"]["loudness"] is False
        assert small(keep={"epochs_to": [0.1]}).settings.fingerprints == before
        assert small(keep={"epochs_to": [0.1], "loudness": True}).settings.fingerprint != before[0]
    finally:
        monkeypatch.undo()
        clear()


@pytest.mark.parametrize("section", ["student_teacher", "start", "training"])
def test_moving_and_renaming_a_function_changes_no_fingerprint(changing, section):
    before = small().settings.fingerprints
    changing(section)  # the same arguments, of a function with another name in another module
    assert parameter_sections._TARGETS[section].__qualname__.endswith("another")
    assert small().settings.fingerprints == before


def test_a_changed_default_is_part_of_the_fingerprint_and_stores_keep_the_old_one(tmp_path, changing):
    store = fill(small(), tmp_path / "store")
    before, cells = small().settings.fingerprints, contents(store)
    explicit = {"epochs": 20, "batch_size": 10, "learning_rate": 0.1}
    changing("training", learning_rate=0.5)
    assert fingerprint() not in before
    assert fingerprint(training=explicit) == before[0]
    assert cd.sweeps.Store(store).sweep.settings.training["learning_rate"] == 0.1
    assert cd.sweeps.run(None, store, workers=1).computed == 0
    assert contents(store) == cells
    with pytest.raises(cd.InputError, match=r"training.learning_rate is 0.1 in the store and 0.5 here"):
        cd.sweeps.run(small(), store)


def test_a_changed_default_of_a_rule_closes_stores_that_mean_the_old_one(tmp_path, changing):
    store = fill(small(), tmp_path / "store")
    before = small().settings.fingerprints
    changing("plasticity", feedback_scale=2.0)
    assert not {*before} & {*small().settings.fingerprints}
    with pytest.raises(cd.InputError, match="made where its settings meant something else"):
        cd.sweeps.open(store)


def test_a_plan_of_before_an_argument_means_the_default_it_came_with(changing, monkeypatch):
    plan = small().settings.as_json()
    changing("training", momentum=0.9)
    monkeypatch.setattr(fingerprints, "ADDED", {"training": {"momentum": 0.0}})
    assert Settings.from_json(plan).training["momentum"] == 0.0
    assert Settings.from_json(plan).fingerprint != small().settings.fingerprint


def test_spelling_a_default_out_changes_nothing():
    explicit = small(
        training={"epochs": 20, "batch_size": 10, "learning_rate": 0.1, "engine": "auto"}, start={"at": "random"}
    )
    assert explicit.settings.fingerprint == fingerprint()


@pytest.mark.parametrize(
    "keep", [{}, {"epochs_to": [0.1]}, {"epochs_to": [0.1], "never": "last"}, {"never": "last"}], ids=str
)
def test_both_schemes_tell_settings_apart_and_the_old_one_is_as_it_was(keep):
    shared = small(keep=keep).settings
    assert shared.fingerprints == (shared.fingerprint, spelled_out(shared))
    assert Settings.from_json(shared.as_json()).fingerprints == shared.fingerprints
    assert len({fingerprint(keep={"epochs_to": [0.1]}), fingerprint(keep={"epochs_to": [0.1], "never": "last"})}) == 2


SPELLED = {
    "a fraction of zero": {"hidden": 0.0, "readout": 0.5},
    "as a whole number": {"hidden": 0, "readout": 0.5},
    "as flips": {"readout": {"fraction": 0.5}},
    "no feedback": {"readout": 0.5, "feedback": "none", "flips": "presynaptic", "feedback_scale": 1.0},
    "the usual kind": {"readout": 0.5, "kind": "plasticity"},
}


def ruled(rule, **more):
    return small(axes={"ratio": [1]}, rules={"GD": {}, "CD": rule, **more})


@pytest.mark.parametrize("rule", SPELLED.values(), ids=SPELLED)
def test_spelling_a_rules_default_out_makes_no_other_rule(rule):
    assert ruled(rule).grid.cell_keys() == ruled({"readout": 0.5}).grid.cell_keys()
    with pytest.raises(cd.InputError, match="two rules are the same under different names"):
        ruled({"readout": 0.5}, again=rule)


def test_so_it_is_with_other_kinds_of_rule():
    plain, spelled = {"kind": "oja"}, {"kind": "oja", "decay": 1, "plasticity": {"hidden": 0.0}}
    assert ruled(spelled).grid.cell_keys() == ruled(plain).grid.cell_keys()
    assert ruled({"kind": "oja", "decay": 0.5}).grid.cell_keys() != ruled(plain).grid.cell_keys()


def test_stores_of_earlier_versions_keep_their_spelling_and_are_continued(tmp_path, monkeypatch):
    """There a rule was what its entries said, spelled as they stood, and two spellings were two rules."""
    from curldescent.sweeps.description import learning_rule

    spelled, twice = {"hidden": 0.0, "readout": 0.5}, {"feedback": "none"}
    with monkeypatch.context() as before:
        before.setattr(learning_rule, "without_defaults", dict)
        store = fill(ruled(spelled, twice=twice), tmp_path / "store")
        keys = ruled(spelled, twice=twice).grid.cell_keys()
        refused = cd.sweeps.Store(fill(ruled(spelled), tmp_path / "other"))
    assert keys != ruled(spelled).grid.cell_keys()
    assert cd.sweeps.Store(store).sweep.grid.cell_keys() == keys
    assert cd.sweeps.open(store).status.values.tolist() == [[1], [1], [1]]
    assert cd.sweeps.run(None, store, workers=1).computed == 0
    for rule in (spelled, {"readout": 0.5}):
        assert cd.sweeps.run(ruled(rule), tmp_path / "other", workers=1).computed == 0
    summary = cd.sweeps.run(ruled(spelled, more={"readout": 1}), tmp_path / "other", workers=1)
    assert summary.computed == 1
    assert refused.fingerprint == cd.sweeps.Store(tmp_path / "other").fingerprint
