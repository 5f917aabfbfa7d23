"""Editing a study through the service: one transaction, old trials stay usable, history is kept."""

import pytest

from wazir.algorithms.protocol import Reads, Suggestion
from wazir.app.stopping_rules import make_rule
from wazir.domain.edits import StudyEdit
from wazir.domain.errors import InvalidInputError, StudyMismatchError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.domain.trials import TrialState
from wazir.service.editing import edits_of, effects_of
from wazir.service.local import local_service
from wazir.storage.memory import MemoryStore

NAME = StudyName("default", "s")
CONFIG = StudyConfig(SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),))
NARROW = StudyEdit(parameters={"x": Double(0, 0.5)})
GROWN = StudyEdit(parameters={"n": Integer(1, 5)}, old_values={"n": 3})


class Middle:
    """Suggests the middle of every range; remembers what it was asked with."""

    reads = Reads.TRIALS

    def __init__(self):
        self.snapshots = []
        self.meanwhile = lambda: None

    def suggest(self, config, snapshot, trial_ids):
        self.snapshots.append(snapshot)
        self.meanwhile()
        return [Suggestion(config.space.complete({})) for _ in trial_ids]


class NoOwners:
    def is_gone(self, client_id):
        return False


class World:
    def __init__(self):
        self.now = 1000.0
        self.algorithm = Middle()
        self.service = local_service(
            MemoryStore(),
            new_algorithms=lambda: lambda _: self.algorithm,
            clock=lambda: self.now,
            owners=NoOwners(),
            rule_of=make_rule,
            canonical_name=self.canonical_name,
        )
        self.service.create_study(NAME, CONFIG)

    def canonical_name(self, name):
        if name.upper() == "NONE_SUCH":
            raise InvalidInputError("there is no such algorithm")
        return name.upper()

    def edit(self, edit, **options):
        return self.service.edit_study(NAME, edit, **options)

    def add(self, value, **parameters):
        measurement = Measurement({"loss": value})
        return self.service.add_trial(NAME, parameters, measurement=measurement)


@pytest.fixture
def world():
    return World()


def test_an_edit_is_one_change_with_a_record(world):
    before = world.service.study(NAME)
    after = world.edit(
        StudyEdit(algorithm="other", planned_n_trials=9),
        metadata={"job": {"command": "new"}},
        client_id="me",
    )
    assert (after.config.algorithm, after.config.planned_n_trials) == ("OTHER", 9)
    assert after.revision == before.revision + 1 == after.config_revision
    assert after.metadata["job"] == {"command": "new"}
    (record,) = edits_of(after)
    assert (record.revision, record.at, record.client_id) == (after.revision, 1000.0, "me")
    assert record.changes == ("algorithm: was DEFAULT, is OTHER", "trials: was none, is 9")
    assert world.edit(record.undo).config == CONFIG
    assert [r.revision for r in edits_of(world.service.study(NAME))] == [1, 2]


def test_an_edit_that_changes_nothing_leaves_no_trace(world):
    before = world.service.study(NAME)
    assert world.edit(StudyEdit(parameters={"x": Double(0, 1)}, algorithm="default")) == before


@pytest.mark.parametrize(
    "edit",
    [
        StudyEdit(algorithm="none_such"),
        StudyEdit(early_stopping=EarlyStopping("medain")),
        StudyEdit(remove=("x",)),
        StudyEdit(freeze={"x": 3.0}),
    ],
)
def test_a_wrong_edit_changes_nothing(world, edit):
    before = world.service.study(NAME)
    with pytest.raises(InvalidInputError):
        world.edit(edit)
    assert world.service.study(NAME) == before


def test_a_new_parameter_needs_the_value_that_old_trials_had(world):
    without = StudyEdit(parameters=GROWN.parameters)
    world.edit(without)
    world.edit(StudyEdit(remove=("n",)))
    world.add(1.0, x=0.5)
    with pytest.raises(InvalidInputError, match="'n' is new: say which value the 1 trials"):
        world.edit(without)


def test_old_trials_are_complete_wherever_they_are_read(world):
    old = world.add(1.0, x=0.5)
    running = world.service.suggest_trials(NAME, 1, "a")[0]
    waiting = world.service.add_trial(NAME, {"x": 0.25})
    world.edit(GROWN)
    values = {trial.id: trial.parameters["n"] for trial in world.service.trials(NAME)[1]}
    assert values == {old.id: 3, running.id: 3, waiting.id: 3}
    assert world.service.trial(NAME, old.id).parameters == {"x": 0.5, "n": 3}
    assert world.service.recommend(NAME).trial_id == old.id
    # The waiting trial is given out with it; the algorithm sees it in all of them.
    assert world.service.suggest_trials(NAME, 1, "b")[0].parameters == {"x": 0.25, "n": 3}
    assert world.service.suggest_trials(NAME, 1, "c")[0].parameters == {"x": 0.5, "n": 3}
    seen = world.algorithm.snapshots[-1]
    assert all(trial.parameters["n"] == 3 for trial in (*seen.completed, *seen.pending))


def test_waiting_trials_outside_are_not_run_and_running_ones_finish(world):
    ended = world.add(1.0, x=0.9)
    begun = world.service.add_trial(NAME, {"x": 0.8})
    running = world.service.add_trial(NAME, {"x": 0.7})
    for client in ("a", "b"):
        world.service.suggest_trials(NAME, 1, client)
    world.service.release_trial(NAME, begun.id)
    never_begun = world.service.add_trial(NAME, {"x": 0.6})
    inside = world.service.add_trial(NAME, {"x": 0.4})

    effects = effects_of(CONFIG, NARROW, world.service.trials(NAME)[1])
    assert (effects.n_inside, effects.n_outside) == (0, 1)
    assert effects.dropped == (begun.id, never_begun.id)

    world.edit(NARROW)
    trials = {trial.id: trial for trial in world.service.trials(NAME)[1]}
    assert trials.keys() == {ended.id, begun.id, running.id, inside.id}
    assert trials[begun.id].state is TrialState.INFEASIBLE
    assert "outside of the search space" in trials[begun.id].infeasible_reason
    done = world.service.complete_trial(
        NAME, running.id, measurement=Measurement({"loss": 0.1}), attempt=1
    )
    assert done.state is TrialState.SUCCEEDED
    assert world.service.recommend(NAME) is None


def test_a_suggestion_from_before_an_edit_is_not_accepted_even_at_the_last_try(world):
    bounds = iter([0.9, 0.8, 0.7, 0.6])

    def narrow():
        high = next(bounds, None)
        if high is not None:
            world.edit(StudyEdit(parameters={"x": Double(0, high)}))

    world.algorithm.meanwhile = narrow
    (trial,) = world.service.suggest_trials(NAME, 1, "a")
    assert trial.parameters == {"x": 0.3}
    assert len(world.algorithm.snapshots) == 5


def test_whoever_made_a_study_finds_it_edited_and_another_space_is_refused(world):
    edited = world.edit(NARROW)
    assert world.service.create_study(NAME, CONFIG).config == edited.config
    other = StudyConfig(SearchSpace({"x": Double(0, 2)}), CONFIG.metrics)
    with pytest.raises(StudyMismatchError, match=r"x: was DOUBLE 0 to 0\.5, is DOUBLE 0 to 2"):
        world.service.create_study(NAME, other)
