"""The study service: every use case, on one store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from wazir.analysis.advice import N_MORE_TRIALS, Advice
from wazir.analysis.recommendation import Recommendation
from wazir.domain.clock import Clock
from wazir.domain.edits import KEEP, StudyEdit
from wazir.domain.errors import AlreadyExistsError, ConflictError
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import (
    Study,
    StudyConfig,
    StudyState,
    TrialCounts,
)
from wazir.domain.trials import Metadata, Trial, TrialState, check_transition
from wazir.service.abandoned import is_abandoned
from wazir.service.adding import insert_trial
from wazir.service.analysing import Analyst
from wazir.service.budgets import Budgets
from wazir.service.definitions import check_same
from wazir.service.editing import EditEffects, carry_out, effects_of
from wazir.service.endings import end_paused, ended_trial
from wazir.service.leases import RUNNING, Leases, lost_trial
from wazir.service.metadata import set_metadata
from wazir.service.prior_studies import (
    PriorStudyReader,
    check_prior_studies,
    prior_study_notes,
)
from wazir.service.proposing import Outlook, Proposer
from wazir.service.retries import current, says_the_same, with_step
from wazir.service.snapshots import SnapshotReader
from wazir.service.stopped import forget_stop
from wazir.service.suggesting import Suggester
from wazir.storage.protocol import Store

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront


class StudyService:
    """Implements the Transport protocol in this process; its contract stands there."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        snapshots: SnapshotReader,
        leases: Leases,
        proposer: Proposer,
        analyst: Analyst,
        check_config: Callable[[StudyConfig], None],
        canonical_name: Callable[[str], str] = str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._leases = leases
        self._proposer = proposer
        self._analyst = analyst
        self._check_config = check_config
        self._canonical_name = canonical_name
        self._suggester = Suggester(
            store,
            clock=clock,
            snapshots=snapshots,
            leases=leases,
            proposer=proposer,
            analyst=analyst,
        )

    def create_study(
        self,
        name: StudyName,
        config: StudyConfig,
        *,
        metadata: Metadata | None = None,
        must_be_new: bool = False,
    ) -> Study:
        """Create a study, or return the equal one of that name."""
        self._check_config(config)
        check_prior_studies(self._store, name, config.prior_studies)
        study = Study(name, config, metadata=metadata or {}, created_at=self._clock())
        try:
            return self._store.create_study(study)
        except AlreadyExistsError:
            if must_be_new:
                raise
            existing = self._store.study(name)
            check_same(existing, config)
            return existing

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        return self._store.study(name)

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project, oldest first."""
        return self._store.studies(project_id)

    def delete_study(self, name: StudyName) -> None:
        """Remove a study and its trials."""
        self._store.delete_study(name)

    def set_study_state(self, name: StudyName, state: StudyState) -> Study:
        """Pause, end or reopen a study."""
        with self._store.write(name) as writer:
            if writer.study.state is not state:
                writer.update_study(replace(writer.study, state=state))
            if state is StudyState.COMPLETED:
                end_paused(writer, self._clock())
        return self._store.study(name)

    def edit_study(
        self,
        name: StudyName,
        edit: StudyEdit,
        *,
        metadata: Metadata | None = None,
        client_id: str = "",
    ) -> Study:
        """Change the configuration of a study."""
        if edit.prior_studies is not KEEP:
            check_prior_studies(self._store, name, edit.prior_studies)
        with self._store.write(name) as writer:
            carry_out(
                writer,
                self._canonical(edit),
                self._check_config,
                metadata=metadata or {},
                client_id=client_id,
                now=self._clock(),
            )
        return self._store.study(name)

    def preview_edit(self, name: StudyName, edit: StudyEdit) -> EditEffects:
        """Return what an edit would do."""
        _, trials = self._store.trials(name)
        effects = effects_of(self._store.study(name).config, self._canonical(edit), trials)
        self._check_config(effects.config)
        check_prior_studies(self._store, name, effects.config.prior_studies)
        return effects

    def prior_study_notes(self, name: StudyName) -> list[str]:
        """Return what is learned from each earlier study, and what is not."""
        study = self._store.study(name)
        return prior_study_notes(study, PriorStudyReader(self._store).read(study))

    def why_ended(self, name: StudyName) -> str:
        """Return why the study makes no new trials by its own rule."""
        return self._analyst.why_ended(self._store.study(name))

    def update_metadata(
        self,
        name: StudyName,
        metadata: Metadata,
        *,
        trials: Mapping[int, Metadata] | None = None,
    ) -> Study:
        """Set entries of the metadata of a study and of its trials."""
        with self._store.write(name) as writer:
            set_metadata(writer, metadata, trials or {})
        return self._store.study(name)

    def suggest_trials(
        self,
        name: StudyName,
        count: int,
        client_id: str,
        *,
        max_n_trials: int | None = None,
        lease_s: float | None = None,
    ) -> list[Trial]:
        """Return up to `count` ACTIVE trials for a client."""
        return self._suggester.suggest(
            name, count, client_id, max_n_trials=max_n_trials, lease_s=lease_s
        )

    def add_trial(
        self,
        name: StudyName,
        parameters: Mapping[str, ParameterValue],
        *,
        measurement: Measurement | None = None,
        measurements: Sequence[Measurement] = (),
        infeasible_reason: str = "",
        metadata: Metadata | None = None,
    ) -> Trial:
        """Add a trial with a known result, or a REQUESTED one."""
        with self._store.write(name) as writer:
            return insert_trial(
                writer,
                parameters,
                measurement=measurement,
                measurements=measurements,
                infeasible_reason=infeasible_reason,
                metadata=metadata or {},
                now=self._clock(),
            )

    def add_measurements(
        self,
        name: StudyName,
        trial_id: int,
        measurements: Sequence[Measurement],
        *,
        void_steps: Sequence[int] = (),
        attempt: int | None = None,
    ) -> Trial:
        """Record intermediate measurements."""
        with self._store.write(name) as writer:
            stored = current(writer, trial_id, attempt)
            trial = self._leases.returned(writer, stored)
            if trial is not stored:
                writer.update_trial(trial)
            if trial.state not in RUNNING:
                raise ConflictError(
                    f"trial {trial_id} is {trial.state}; only a running trial takes measurements"
                )
            for step in void_steps:
                writer.delete_measurement(trial_id, step)
            for measurement in measurements:
                writer.put_measurement(trial_id, with_step(measurement, writer, trial_id))
        return trial

    def complete_trial(
        self,
        name: StudyName,
        trial_id: int,
        *,
        measurement: Measurement | None = None,
        infeasible_reason: str = "",
        attempt: int | None = None,
    ) -> Trial:
        """End a trial."""
        with self._store.write(name) as writer:
            trial = current(writer, trial_id, attempt)
            if says_the_same(trial, measurement, infeasible_reason):
                return trial
            trial = self._leases.returned(writer, trial)
            ended = ended_trial(writer, trial, measurement, infeasible_reason, self._clock())
            budgets = Budgets.of(writer.study.config)
            if budgets is not None:
                ended = budgets.after_attempt(trial, ended, self._clock())
            writer.update_trial(ended)
            if ended.is_paused and writer.study.state is StudyState.COMPLETED:
                # Nobody will ask for it any more.
                end_paused(writer, self._clock())
                ended = writer.trial(trial_id)
            outlook = Outlook.of(writer)
        self._proposer.look_ahead(outlook)
        return ended

    def delete_trial(self, name: StudyName, trial_id: int) -> None:
        """Remove a trial."""
        with self._store.write(name) as writer:
            writer.delete_trial(trial_id)

    def check_stopping(self, name: StudyName, trial_id: int) -> Trial:
        """Ask the study's stopping rule about a trial."""
        return self._analyst.check_stopping(name, trial_id)

    def request_stop(self, name: StudyName, trial_id: int, reason: str) -> Trial:
        """Ask the owner of an ACTIVE trial to stop it."""
        return self._move(name, trial_id, TrialState.STOPPING, stopping_reason=reason)

    def release_trial(
        self, name: StudyName, trial_id: int, *, attempt: int | None = None, lost: bool = False
    ) -> Trial:
        """Put a trial back to REQUESTED."""
        with self._store.write(name) as writer:
            trial = current(writer, trial_id, attempt)
            if is_abandoned(trial):
                return trial
            check_transition(trial_id, trial.state, TrialState.REQUESTED)
            freed = lost_trial(trial, self._clock(), writer.revision)
            if not lost:
                freed = replace(
                    forget_stop(trial),
                    state=TrialState.REQUESTED,
                    client_id="",
                    lease_expires_at=None,
                )
            writer.update_trial(freed)
        return freed

    def take_over_trial(
        self, name: StudyName, trial_id: int, *, previous: str, client_id: str
    ) -> Trial:
        """Change the owner of an ACTIVE trial."""
        with self._store.write(name) as writer:
            trial = self._leases.returned(writer, writer.trial(trial_id))
            if trial.state.is_final or trial.client_id != previous:
                raise ConflictError(f"trial {trial_id} belongs to another client by now")
            taken = replace(trial, client_id=client_id)
            writer.update_trial(taken)
        return taken

    def next_attempt(self, name: StudyName, trial_id: int, *, attempt: int, lost: bool) -> Trial:
        """Begin the next attempt of an ACTIVE trial."""
        with self._store.write(name) as writer:
            trial = self._leases.returned(writer, current(writer, trial_id, attempt))
            if trial.state.is_final:
                check_transition(trial_id, trial.state, TrialState.ACTIVE)
            begun = replace(
                trial,
                state=TrialState.ACTIVE,
                attempt=trial.attempt + 1,
                n_lost_attempts=trial.n_lost_attempts + (1 if lost else 0),
            )
            writer.update_trial(begun)
        return begun

    def renew_lease(
        self, name: StudyName, trial_id: int, *, lease_s: float, attempt: int | None = None
    ) -> Trial:
        """Push the end of a trial's lease."""
        with self._store.write(name) as writer:
            stored = current(writer, trial_id, attempt)
            trial = self._leases.returned(writer, stored, lease_s)
            if trial is not stored:
                writer.update_trial(trial)
                return trial
            if trial.state not in RUNNING:
                raise ConflictError(f"trial {trial_id} is {trial.state}; nobody runs it")
            return self._leases.renew(writer, trial, lease_s)

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""
        config = self._store.study(name).config
        return config.completed(self._store.trial(name, trial_id))

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials that changed since)."""
        config = self._store.study(name).config
        revision, found = self._store.trials(name, states=states, since_revision=since_revision)
        return revision, [config.completed(trial) for trial in found]

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state."""
        return self._store.counts(name)

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials."""
        return self._store.measurements(name, trial_ids)

    def recommend(self, name: StudyName) -> Recommendation | None:
        """Return the trial whose configuration to use."""
        return self._analyst.recommend(name)

    def pareto_front(self, name: StudyName) -> "ParetoFront":
        """Return the optimal trials."""
        return self._analyst.pareto_front(name)

    def advise(
        self, name: StudyName, n_more: int = N_MORE_TRIALS, more_than: float | None = None
    ) -> Advice:
        """Return what more trials may bring."""
        return self._analyst.advise(name, n_more, more_than)

    def _canonical(self, edit: StudyEdit) -> StudyEdit:
        if edit.algorithm is KEEP:
            return edit
        return replace(edit, algorithm=self._canonical_name(edit.algorithm))

    def _move(
        self, name: StudyName, trial_id: int, state: TrialState, *, stopping_reason: str
    ) -> Trial:
        with self._store.write(name) as writer:
            trial = writer.trial(trial_id)
            if trial.state is state:
                return trial
            check_transition(trial_id, trial.state, state)
            moved = replace(trial, state=state, stopping_reason=stopping_reason)
            writer.update_trial(moved)
        return moved
