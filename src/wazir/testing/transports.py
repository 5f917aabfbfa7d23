"""The contract suite of transports: subclass `TransportContract` and give it a service."""
# ruff: noqa: D102  the names of the tests say what they test

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from wazir.domain.edits import StudyEdit
from wazir.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    InvalidTransitionError,
    NotFoundError,
    StaleAttemptError,
    StudyMismatchError,
)
from wazir.domain.fidelity import Rung
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer, ParameterValue
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig, StudyState, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.service.transport import Transport

NAME = StudyName("default", "s")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1), "kind": Categorical(["a", "é 汉", True])}),
    (Metric("loss", Goal.MINIMIZE),),
    algorithm="QUASI_RANDOM_SEARCH",
)


class TransportContract:
    """What every transport must do; a subclass provides the fixture `transport`, an empty one.

    The algorithms, stopping rules and clock behind it are those of Wazir.
    """

    @pytest.fixture
    def transport(self) -> Transport:
        """Return the transport; to be overridden."""
        raise NotImplementedError

    def test_a_study_comes_back_as_it_was_given(self, transport: Transport) -> None:
        made = transport.create_study(NAME, CONFIG, metadata={"ns": {"k": "é 汉"}})
        assert (made.name, made.config, made.state) == (NAME, CONFIG, StudyState.ACTIVE)
        assert made.metadata == {"ns": {"k": "é 汉"}}
        assert transport.study(NAME) == made
        assert transport.studies("default") == [made]
        assert transport.studies("other") == []
        assert transport.counts(NAME) == TrialCounts()

    def test_a_study_is_made_once(self, transport: Transport) -> None:
        made = transport.create_study(NAME, CONFIG)
        assert transport.create_study(NAME, CONFIG) == made
        with pytest.raises(AlreadyExistsError):
            transport.create_study(NAME, CONFIG, must_be_new=True)
        with pytest.raises(StudyMismatchError, match="x"):
            transport.create_study(NAME, replace(CONFIG, space=SearchSpace({"x": Double(0, 2)})))

    def test_what_is_not_there_is_said_with_what_is(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        with pytest.raises(NotFoundError) as caught:
            transport.study(StudyName("default", "t"))
        assert "studies there: s" in caught.value.hint
        with pytest.raises(NotFoundError):
            transport.trial(NAME, 7)
        with pytest.raises(NotFoundError):
            transport.suggest_trials(StudyName("p", "s"), 1, "a")

    def test_a_study_is_paused_reopened_and_deleted(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        assert transport.set_study_state(NAME, StudyState.INACTIVE).state is StudyState.INACTIVE
        with pytest.raises(ConflictError, match="INACTIVE"):
            transport.suggest_trials(NAME, 1, "a")
        transport.set_study_state(NAME, StudyState.ACTIVE)
        assert transport.suggest_trials(NAME, 1, "a")
        transport.delete_study(NAME)
        with pytest.raises(NotFoundError):
            transport.study(NAME)

    def test_an_edit_is_previewed_and_made(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        transport.add_trial(NAME, {"x": 0.9, "kind": "a"}, measurement=Measurement({"loss": 1.0}))
        edit = StudyEdit(parameters={"x": Double(0, 0.5)})
        effects = transport.preview_edit(NAME, edit)
        assert (effects.n_inside, effects.n_outside) == (0, 1)
        assert transport.study(NAME).config == CONFIG
        edited = transport.edit_study(NAME, edit, metadata={"a": {"b": "c"}}, client_id="me")
        assert edited.config == effects.config
        assert edited.metadata["a"] == {"b": "c"}

    def test_metadata_is_set_on_study_and_trials(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG, metadata={"a": {"1": "one"}})
        (trial,) = transport.suggest_trials(NAME, 1, "a")
        note = {"a": {"2": "two\n"}}
        study = transport.update_metadata(NAME, note, trials={trial.id: note})
        assert study.metadata["a"] == {"1": "one", "2": "two\n"}
        assert transport.trial(NAME, trial.id).metadata["a"] == {"2": "two\n"}

    def test_a_client_gets_its_own_trials_again(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        first = transport.suggest_trials(NAME, 2, "a")
        assert [trial.id for trial in first] == [1, 2]
        assert {trial.state for trial in first} == {TrialState.ACTIVE}
        assert transport.suggest_trials(NAME, 2, "a") == first
        assert [trial.id for trial in transport.suggest_trials(NAME, 1, "b")] == [3]
        assert transport.suggest_trials(NAME, 5, "c", max_n_trials=4)[0].id == 4
        assert transport.suggest_trials(NAME, 5, "d", max_n_trials=4) == []

    def test_a_hundred_trials_at_once(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        given = transport.suggest_trials(NAME, 100, "a")
        assert [trial.id for trial in given] == list(range(1, 101))
        assert len({trial.parameters["x"] for trial in given}) == 100

    def test_trials_are_added_waiting_and_known(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        waiting = transport.add_trial(NAME, {"x": 0.5, "kind": True}, metadata={"m": {"k": "v"}})
        known = transport.add_trial(
            NAME, {"x": 0.25, "kind": "é 汉"}, measurement=Measurement({"loss": 2.0}, step=3)
        )
        broken = transport.add_trial(NAME, {"x": 0.75, "kind": "a"}, infeasible_reason="it broke")
        assert [one.state for one in (waiting, known, broken)] == [
            TrialState.REQUESTED,
            TrialState.SUCCEEDED,
            TrialState.INFEASIBLE,
        ]
        assert waiting.metadata == {"m": {"k": "v"}}
        curve = [Measurement({"loss": value}, step) for step, value in ((1, 3.0), (4, 2.0))]
        with_curve = transport.add_trial(NAME, {"x": 0.125, "kind": "a"}, measurements=curve)
        assert transport.measurements(NAME, [with_curve.id])[with_curve.id] == curve
        transport.delete_trial(NAME, with_curve.id)
        assert waiting.parameters == {"x": 0.5, "kind": True}
        assert transport.suggest_trials(NAME, 1, "a")[0].id == waiting.id
        with pytest.raises(InvalidInputError, match="must lie in"):
            transport.add_trial(NAME, {"x": 5.0, "kind": "a"})
        assert transport.counts(NAME) == TrialCounts(active=1, succeeded=1, infeasible=1)

    def test_measurements_are_kept_replaced_and_taken_back(self, transport: Transport) -> None:
        (trial,) = self.begin(transport)
        points = [Measurement({"loss": value}, step=step) for step, value in ((1, 3.0), (2, 2.0))]
        transport.add_measurements(NAME, trial.id, points, attempt=trial.attempt)
        odd = Measurement({"loss": math.inf, "other": -0.0}, step=3, elapsed_s=1.5)
        transport.add_measurements(NAME, trial.id, [odd], void_steps=[1])
        assert transport.measurements(NAME, [trial.id, 9]) == {trial.id: [points[1], odd], 9: []}

    def test_a_trial_ends_once(self, transport: Transport) -> None:
        (trial,) = self.begin(transport)
        last = Measurement({"loss": 0.5}, step=2)
        ended = transport.complete_trial(NAME, trial.id, measurement=last, attempt=1)
        assert (ended.state, ended.final_measurement) == (TrialState.SUCCEEDED, last)
        assert transport.complete_trial(NAME, trial.id, measurement=last, attempt=1) == ended
        with pytest.raises(InvalidTransitionError):
            transport.complete_trial(NAME, trial.id, measurement=Measurement({"loss": 0.6}))
        with pytest.raises(ConflictError, match="only a running trial"):
            transport.add_measurements(NAME, trial.id, [last])

    def test_a_trial_ends_by_its_measurements_or_with_a_reason(self, transport: Transport) -> None:
        first, second = self.begin(transport, 2)
        transport.add_measurements(NAME, first.id, [Measurement({"loss": 0.5}, step=1)])
        assert transport.complete_trial(NAME, first.id).state is TrialState.SUCCEEDED
        failed = transport.complete_trial(NAME, second.id, infeasible_reason="out of memory")
        assert (failed.state, failed.infeasible_reason) == (TrialState.INFEASIBLE, "out of memory")

    def test_a_write_of_an_older_attempt_is_refused(self, transport: Transport) -> None:
        (trial,) = self.begin(transport)
        second = transport.next_attempt(NAME, trial.id, attempt=1, lost=True)
        assert (second.attempt, second.n_lost_attempts) == (2, 1)
        with pytest.raises(StaleAttemptError):
            transport.complete_trial(NAME, trial.id, attempt=1)
        with pytest.raises(StaleAttemptError):
            transport.renew_lease(NAME, trial.id, lease_s=5, attempt=1)

    def test_a_trial_goes_back_and_changes_hands(self, transport: Transport) -> None:
        (trial,) = self.begin(transport)
        assert transport.release_trial(NAME, trial.id).state is TrialState.REQUESTED
        (again,) = transport.suggest_trials(NAME, 1, "b")
        assert (again.id, again.attempt) == (trial.id, 2)
        taken = transport.take_over_trial(NAME, trial.id, previous="b", client_id="c")
        assert taken.client_id == "c"
        with pytest.raises(ConflictError, match="belongs to another client"):
            transport.take_over_trial(NAME, trial.id, previous="b", client_id="d")

    def test_a_lease_that_is_renewed_holds(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        (trial,) = transport.suggest_trials(NAME, 1, "a", lease_s=50.0)
        renewed = transport.renew_lease(NAME, trial.id, lease_s=500.0, attempt=1)
        assert trial.lease_expires_at is not None
        assert renewed.lease_expires_at is not None
        assert renewed.lease_expires_at > trial.lease_expires_at + 400

    def test_a_lease_that_has_run_out_frees_the_trial(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        (trial,) = transport.suggest_trials(NAME, 1, "a", lease_s=1e-6)
        (again,) = transport.suggest_trials(NAME, 1, "b", lease_s=50.0)
        assert (again.id, again.attempt, again.n_lost_attempts) == (trial.id, 2, 1)
        with pytest.raises(StaleAttemptError):
            transport.complete_trial(NAME, trial.id, attempt=trial.attempt)

    def test_a_trial_is_asked_to_stop(self, transport: Transport) -> None:
        (trial,) = self.begin(transport)
        assert transport.check_stopping(NAME, trial.id).state is TrialState.ACTIVE
        stopping = transport.request_stop(NAME, trial.id, "hopeless")
        assert (stopping.state, stopping.stopping_reason) == (TrialState.STOPPING, "hopeless")

    def test_a_rule_stops_a_trial(self, transport: Transport) -> None:
        config = replace(CONFIG, early_stopping=EarlyStopping.parse("threshold:value=5"))
        transport.create_study(NAME, config)
        trial, other = transport.suggest_trials(NAME, 2, "a")
        transport.add_measurements(NAME, other.id, [Measurement({"loss": 1.0}, step=1)])
        transport.add_measurements(NAME, trial.id, [Measurement({"loss": 9.0}, step=1)])
        assert transport.check_stopping(NAME, trial.id).state is TrialState.STOPPING

    def test_trials_are_listed_by_state_and_since_a_revision(self, transport: Transport) -> None:
        first, _ = self.begin(transport, 2)
        revision, both = transport.trials(NAME)
        assert [trial.id for trial in both] == [1, 2]
        transport.complete_trial(NAME, first.id, measurement=Measurement({"loss": 1.0}))
        later, changed = transport.trials(NAME, since_revision=revision)
        assert ([trial.id for trial in changed], later > revision) == ([1], True)
        assert transport.trials(NAME, states=[TrialState.ACTIVE])[1] == [both[1]]
        assert transport.trials(NAME, states=[])[1] == []

    def test_a_deleted_trial_is_gone(self, transport: Transport) -> None:
        (trial,) = self.begin(transport)
        transport.delete_trial(NAME, trial.id)
        assert transport.trials(NAME)[1] == []
        with pytest.raises(NotFoundError):
            transport.delete_trial(NAME, trial.id)

    def test_what_was_learned(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)
        assert transport.recommend(NAME) is None
        assert transport.pareto_front(NAME).trials == ()
        for value in (0.5, 0.25, 0.75):
            point: dict[str, ParameterValue] = {"x": value, "kind": "a"}
            transport.add_trial(NAME, point, measurement=Measurement({"loss": value}))
        recommended = transport.recommend(NAME)
        assert recommended is not None
        assert (recommended.trial_id, recommended.value) == (2, 0.25)
        assert transport.pareto_front(NAME).trial_ids == (2,)
        assert transport.advise(NAME).reason
        assert transport.advise(NAME, 3, 0.5).n_more == 3
        with pytest.raises(InvalidInputError):
            transport.advise(NAME, 0)
        assert transport.why_ended(NAME) == ""
        assert transport.prior_study_notes(NAME) == []

    def test_a_paused_trial_keeps_what_it_measured(self, transport: Transport) -> None:
        space = SearchSpace({"x": Double(0, 1), "epochs": Integer(1, 9)})
        config = replace(
            CONFIG, space=space, fidelity="epochs", early_stopping=EarlyStopping.for_budgets()
        )
        transport.create_study(NAME, config)
        (trial,) = transport.suggest_trials(NAME, 1, "a")
        paused = transport.complete_trial(NAME, trial.id, measurement=Measurement({"loss": 1.0}))
        assert paused.is_paused
        (rung,) = paused.rungs
        assert isinstance(rung, Rung)
        assert transport.trial(NAME, trial.id) == paused

    def test_workers_at_once_get_different_trials(self, transport: Transport) -> None:
        transport.create_study(NAME, CONFIG)

        def work(worker: int) -> list[int]:
            done = []
            for _ in range(5):
                (trial,) = transport.suggest_trials(NAME, 1, f"worker {worker}")
                result = Measurement({"loss": float(trial.id)})
                transport.complete_trial(NAME, trial.id, measurement=result, attempt=trial.attempt)
                done.append(trial.id)
            return done

        with ThreadPoolExecutor(6) as pool:
            done = sorted(one for ids in pool.map(work, range(6)) for one in ids)
        assert done == list(range(1, 31))
        assert transport.counts(NAME) == TrialCounts(succeeded=30)

    def begin(self, transport: Transport, count: int = 1) -> list[Trial]:
        """Return running trials of a new study, of the client "a"."""
        transport.create_study(NAME, CONFIG)
        return transport.suggest_trials(NAME, count, "a")
