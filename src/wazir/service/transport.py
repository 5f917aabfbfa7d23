"""The operations on studies, as seen by a client: in this process, or over a network."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from wazir.analysis.advice import N_MORE_TRIALS, Advice
from wazir.analysis.recommendation import Recommendation
from wazir.domain.edits import StudyEdit
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import Study, StudyConfig, StudyState, TrialCounts
from wazir.domain.trials import Metadata, Trial, TrialState
from wazir.service.editing import EditEffects

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront


class Transport(Protocol):
    """All use cases of Wazir.

    Retries change nothing twice: suggesting by client id, completing with equal values and
    measuring a step again are safe. `attempt`, where given, must be the trial's present attempt,
    otherwise StaleAttemptError is raised. Unknown studies and trials raise NotFoundError.
    """

    def create_study(
        self,
        name: StudyName,
        config: StudyConfig,
        *,
        metadata: Metadata | None = None,
        must_be_new: bool = False,
    ) -> Study:
        """Create a study, or return the one of that name with the same definition.

        The earlier studies of `config` may be left out for a study that is there already.

        Raises:
            AlreadyExistsError: `must_be_new`, and there is one.
            StudyMismatchError: the name is taken by a study with another space, other constraints
                or other metrics, or with other prior studies than those given.
            InvalidInputError: a value breaks a rule, or the constraints leave no point.
            NotFoundError: a prior study is not there.
        """
        ...

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        ...

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project, oldest first."""
        ...

    def delete_study(self, name: StudyName) -> None:
        """Remove a study and its trials."""
        ...

    def set_study_state(self, name: StudyName, state: StudyState) -> Study:
        """Pause, end or reopen a study; when it ends, paused trials end too."""
        ...

    def edit_study(
        self,
        name: StudyName,
        edit: StudyEdit,
        *,
        metadata: Metadata | None = None,
        client_id: str = "",
    ) -> Study:
        """Change the configuration of a study, in one transaction, and keep what was changed.

        Entries of `metadata` are set with it. Trials that have ended stay as they are; running ones
        may finish; waiting ones outside of the new space are not run any more. A suggestion
        that was computed before is not accepted afterwards. An edit that changes nothing is no edit.
        `wazir.service.editing.edits_of` reads the history.

        Raises:
            InvalidInputError: the edit or the configuration that it leads to breaks a rule.
            NotFoundError: a prior study that it adds is not there.
        """
        ...

    def preview_edit(self, name: StudyName, edit: StudyEdit) -> EditEffects:
        """Return what an edit would do, and change nothing. Raises as `edit_study`."""
        ...

    def prior_study_notes(self, name: StudyName) -> list[str]:
        """Return one sentence for each earlier study: what is learned from it, what is not."""
        ...

    def why_ended(self, name: StudyName) -> str:
        """Return why the study makes no new trials by its own rule, "" while it does."""
        ...

    def update_metadata(
        self,
        name: StudyName,
        metadata: Metadata,
        *,
        trials: Mapping[int, Metadata] | None = None,
    ) -> Study:
        """Set entries of a study's metadata, and of trials by id, all or none. Others stay."""
        ...

    def suggest_trials(
        self,
        name: StudyName,
        count: int,
        client_id: str,
        *,
        max_n_trials: int | None = None,
        lease_s: float | None = None,
    ) -> list[Trial]:
        """Return up to `count` ACTIVE trials for a client, each with its next attempt begun.

        The client's own ACTIVE trials come first (their attempt goes on), then REQUESTED ones,
        then paused ones that get a larger budget, then new ones, of which only as many are made as `max_n_trials` in the whole study allow.
        Fewer are returned when the study is full, its space is exhausted, or its own rule has ended
        it: see `why_ended`. When nothing runs any more either, trials that are still paused end, as
        stopped early with their last measurement.

        Raises:
            ConflictError: the study is not ACTIVE.
        """
        ...

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
        """Add a trial: with a known result, or REQUESTED when there is none yet.

        `measurements` are intermediate ones, oldest first; those without step get the next one.

        Raises:
            InvalidInputError: the point is none of the space, or breaks a constraint.
        """
        ...

    def add_measurements(
        self,
        name: StudyName,
        trial_id: int,
        measurements: Sequence[Measurement],
        *,
        void_steps: Sequence[int] = (),
        attempt: int | None = None,
    ) -> Trial:
        """Record intermediate measurements of an ACTIVE or STOPPING trial, oldest first.

        A measurement without step gets the next one; one of a known step replaces the old one.
        Those of `void_steps` are removed first: they turned out not to count.

        Raises:
            ConflictError: the trial does not run.
        """
        ...

    def complete_trial(
        self,
        name: StudyName,
        trial_id: int,
        *,
        measurement: Measurement | None = None,
        infeasible_reason: str = "",
        attempt: int | None = None,
    ) -> Trial:
        """End a trial: SUCCEEDED with a measurement, INFEASIBLE with a reason.

        Without both, the study's selection rule picks among the trial's measurements; a trial
        whose objective is missing or not finite becomes INFEASIBLE. In a study with a fidelity
        parameter an ACTIVE trial that had less than the full budget is paused instead: REQUESTED,
        with one more of `rungs`.
        """
        ...

    def delete_trial(self, name: StudyName, trial_id: int) -> None:
        """Remove a trial; its id stays used."""
        ...

    def check_stopping(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial after asking the study's stopping rule about it.

        An ACTIVE trial that is to stop becomes STOPPING; its `stopping_reason` and its metadata say
        why. One whose objective was not finite several times in a row will end INFEASIBLE.
        """
        ...

    def request_stop(self, name: StudyName, trial_id: int, reason: str) -> Trial:
        """Ask the owner of an ACTIVE trial to stop it; it becomes STOPPING."""
        ...

    def release_trial(
        self, name: StudyName, trial_id: int, *, attempt: int | None = None, lost: bool = False
    ) -> Trial:
        """Put an ACTIVE or STOPPING trial back to REQUESTED; `lost`: its run died."""
        ...

    def take_over_trial(
        self, name: StudyName, trial_id: int, *, previous: str, client_id: str
    ) -> Trial:
        """Make `client_id` the owner of an ACTIVE trial whose owner is `previous`.

        Raises:
            ConflictError: the trial has another owner by now.
        """
        ...

    def next_attempt(self, name: StudyName, trial_id: int, *, attempt: int, lost: bool) -> Trial:
        """Begin the next attempt of an ACTIVE trial under the same owner; `lost`: the run died."""
        ...

    def renew_lease(
        self, name: StudyName, trial_id: int, *, lease_s: float, attempt: int | None = None
    ) -> Trial:
        """Push the end of a running trial's lease to `lease_s` seconds from now.

        Nothing is written while less than a tenth of it has passed. A trial whose lease had ended is its
        owner's again if nobody has taken it up since; `add_measurements`, `complete_trial` and
        `take_over_trial` do the same.

        Raises:
            ConflictError: the trial does not run, or another attempt has begun.
        """
        ...

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""
        ...

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials in `states` that changed after `since_revision`, by id)."""
        ...

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state."""
        ...

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials, oldest first."""
        ...

    def recommend(self, name: StudyName) -> Recommendation | None:
        """Return the trial whose configuration to use, None where no trial has succeeded.

        See `wazir.analysis.recommendation.recommend` for the rule.
        """
        ...

    def pareto_front(self, name: StudyName) -> "ParetoFront":
        """Return the optimal trials of a study and how much they reach.

        See `wazir.analysis.pareto.pareto_front`.
        """
        ...

    def advise(
        self, name: StudyName, n_more: int = N_MORE_TRIALS, more_than: float | None = None
    ) -> Advice:
        """Return what `n_more` trials may bring; see `wazir.analysis.advice.advise` for the rule.

        `more_than` is by default the study's own least improvement, else decided by the results.

        Raises:
            InvalidInputError: a number outside its range.
        """
        ...
