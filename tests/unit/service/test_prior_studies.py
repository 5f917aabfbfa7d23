"""Studies that learn from earlier ones: what is read of these, and what is said of them."""

import itertools

import pytest

from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE
from wazir.app.registry import AlgorithmRegistry
from wazir.app.stopping_rules import make_rule
from wazir.domain.edits import StudyEdit
from wazir.domain.errors import NotFoundError, StudyMismatchError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.service.local import local_service
from wazir.service.prior_studies import PriorStudyReader
from wazir.service.snapshots import snapshot_at
from wazir.storage.memory import MemoryStore

OLD, NEW = StudyName("default", "old"), StudyName("default", "new")
SPACE = SearchSpace({"x": Double(0.0, 1.0), "y": Double(0.0, 1.0)})
CONFIG = StudyConfig(SPACE, (Metric("loss", Goal.MINIMIZE),), seed=1)
LEARNING = StudyConfig(SPACE, CONFIG.metrics, seed=2, prior_studies=(OLD,))


class NobodyLeaves:
    def is_gone(self, client_id):
        return False


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def service(store):
    ticks = itertools.count()
    return local_service(
        store,
        new_algorithms=AlgorithmRegistry,
        clock=lambda: float(next(ticks)),
        owners=NobodyLeaves(),
        rule_of=make_rule,
    )


def loss(parameters):
    return (parameters["x"] - 0.3) ** 2 + (parameters["y"] - 0.8) ** 2


def run(service, name, n_trials):
    for _ in range(n_trials):
        (trial,) = service.suggest_trials(name, 1, "client")
        done = Measurement({"loss": loss(trial.parameters)})
        service.complete_trial(name, trial.id, measurement=done)


def test_only_trials_that_had_ended_when_the_study_was_made_count(service, store):
    service.create_study(OLD, CONFIG)
    run(service, OLD, 3)
    service.suggest_trials(OLD, 1, "still running")
    study = service.create_study(NEW, LEARNING)
    reader = PriorStudyReader(store)
    (before,) = reader.read(study)
    run(service, OLD, 3)
    for again in (reader, PriorStudyReader(store)):
        assert again.read(study) == (before,)
    assert [trial.id for trial in before.completed] == [1, 2, 3]


def test_of_one_that_an_edit_names_the_trials_count_that_had_ended_by_then(service, store):
    service.create_study(NEW, CONFIG)
    service.create_study(OLD, CONFIG)
    run(service, OLD, 3)
    study = service.edit_study(NEW, StudyEdit(prior_studies=(OLD,)))
    run(service, OLD, 2)
    (prior,) = PriorStudyReader(store).read(study)
    assert [trial.id for trial in prior.completed] == [1, 2, 3]
    with pytest.raises(NotFoundError, match="did you mean 'old'"):
        service.edit_study(NEW, StudyEdit(prior_studies=(OLD, StudyName("default", "odl"))))
    service.delete_study(OLD)
    again = StudyEdit(prior_studies=(OLD,), planned_n_trials=9)
    assert service.edit_study(NEW, again).config.planned_n_trials == 9


def test_suggestions_with_a_prior_study_are_computed_again_from_an_empty_cache(service, store):
    service.create_study(OLD, CONFIG)
    run(service, OLD, 20)
    study = service.create_study(NEW, LEARNING)
    run(service, NEW, 12)
    _, trials = service.trials(NEW)
    priors = PriorStudyReader(store).read(study)
    for trial in trials:
        stored = trial.metadata[SUGGESTION_NAMESPACE]
        snapshot = snapshot_at(int(stored["revision"]), trials, priors)
        (again,) = GpBandit().suggest(LEARNING, snapshot, [trial.id])
        assert dict(again.parameters) == pytest.approx(dict(trial.parameters), abs=1e-6)
    assert "old" in stored["prior_studies"]
    assert trials[0].metadata[SUGGESTION_NAMESPACE]["point"].endswith("of old")


def test_a_prior_study_that_is_deleted_is_left_out_and_this_is_said(service):
    service.create_study(OLD, CONFIG)
    run(service, OLD, 3)
    service.create_study(NEW, LEARNING)
    run(service, NEW, 2)
    service.delete_study(OLD)
    run(service, NEW, 2)
    (note,) = service.prior_study_notes(NEW)
    assert "deleted" in note
    # The study can still be opened.
    service.create_study(NEW, LEARNING)


def test_a_prior_study_must_be_there(service):
    service.create_study(OLD, CONFIG)
    misspelt = StudyConfig(SPACE, CONFIG.metrics, prior_studies=(StudyName("default", "odl"),))
    with pytest.raises(NotFoundError, match="did you mean 'old'"):
        service.create_study(NEW, misspelt)
    with pytest.raises(NotFoundError, match="its own prior study"):
        service.create_study(OLD.__class__("default", "own"), _of("own"))
    assert [study.name for study in service.studies("default")] == [OLD]


def _of(study_id):
    return StudyConfig(SPACE, CONFIG.metrics, prior_studies=(StudyName("default", study_id),))


def test_other_prior_studies_are_a_difference_and_none_means_the_same(service):
    for name in (OLD, StudyName("default", "other")):
        service.create_study(name, CONFIG)
    service.create_study(NEW, LEARNING)
    assert service.create_study(NEW, CONFIG).config.prior_studies == (OLD,)
    with pytest.raises(StudyMismatchError, match="prior studies: was old, is other"):
        service.create_study(NEW, _of("other"))


@pytest.mark.parametrize(
    ("algorithm", "said"),
    [
        ("DEFAULT", ["prior study old: 1 trial with a result"]),
        ("TPE", ["prior study old: 1 trial with a result", "TPE begins with their best points"]),
        ("RANDOM_SEARCH", ["RANDOM_SEARCH looks at no results"]),
    ],
)
def test_what_is_learned_is_said(service, algorithm, said):
    service.create_study(OLD, CONFIG)
    run(service, OLD, 1)
    config = StudyConfig(SPACE, CONFIG.metrics, algorithm, prior_studies=(OLD,))
    service.create_study(NEW, config)
    notes = service.prior_study_notes(NEW)
    assert len(notes) == len(said)
    for note, words in zip(notes, said, strict=True):
        assert note.startswith(words)
