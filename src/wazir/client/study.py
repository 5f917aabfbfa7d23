"""The Study handle: what a Python user holds."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, overload

from wazir.analysis.advice import N_MORE_TRIALS, Advice
from wazir.analysis.recommendation import Recommendation
from wazir.client.editing import edit_in_words
from wazir.client.optimize import Objective, Optimization, ProgressListener
from wazir.client.rows import Fields
from wazir.client.trial import MetricValues, Trial, named_metrics
from wazir.domain.best import best_trial, why_no_best
from wazir.domain.clock import Clock
from wazir.domain.errors import InvalidInputError, NotFoundError
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import Parameter, ParameterValue
from wazir.domain.safety import Limits
from wazir.domain.studies import EarlyStopping, StudyConfig, StudyState
from wazir.domain.studies import Study as StoredStudy
from wazir.domain.trials import Trial as StoredTrial
from wazir.domain.trials import TrialState
from wazir.service.editing import EditRecord, edits_of
from wazir.service.transport import Transport

if TYPE_CHECKING:
    import pandas as pd

# Each suggestion of a batch costs about as much as one alone.
MAX_SUGGESTIONS = 1000


class Study:
    """A study in a storage: ask for trials, tell their results, look at what is best.

    Every property reads the storage anew, so that several processes can share a study.
    """

    def __init__(
        self,
        transport: Transport,
        stored: StoredStudy,
        *,
        new_client_id: Callable[[], str],
        progress: Callable[[int], ProgressListener],
        clock: Clock,
    ) -> None:
        self._transport = transport
        self._stored = stored
        self._new_client_id = new_client_id
        self._progress = progress
        self._clock = clock

    def __repr__(self) -> str:
        counts = self._transport.counts(self._stored.name)
        return f"<Study {self.name} {self.state} {counts.total} trials>"

    @property
    def name(self) -> str:
        """The study's id, unique in its project."""
        return self._stored.name.study_id

    @property
    def full_name(self) -> StudyName:
        """The study's full resource name."""
        return self._stored.name

    @property
    def config(self) -> StudyConfig:
        """Search space, metrics and algorithm, as they are now."""
        return self._transport.study(self._stored.name).config

    @property
    def edits(self) -> list[EditRecord]:
        """What was edited since the study was made, oldest first."""
        return edits_of(self._transport.study(self._stored.name))

    @property
    def state(self) -> StudyState:
        """ACTIVE, INACTIVE or COMPLETED."""
        return self._transport.study(self._stored.name).state

    @property
    def trials(self) -> list[Trial]:
        """All trials, by id."""
        _, stored = self._transport.trials(self._stored.name)
        return [self._handle(trial) for trial in stored]

    def trial(self, trial_id: int) -> Trial:
        """Return one trial. Raises NotFoundError."""
        return self._handle(self._transport.trial(self._stored.name, trial_id))

    @property
    def best_trial(self) -> Trial:
        """The SUCCEEDED safe trial with the best observed value; the earliest of equals.

        It lies in the search space and fulfils the constraints as they are now: trials from before
        an edit may not.

        Raises:
            NotFoundError: no trial has succeeded yet, or none of them can be used.
            InvalidInputError: the study has several objectives.
        """
        if len(self.config.objectives) > 1:
            names = ", ".join(metric.name for metric in self.config.objectives)
            raise InvalidInputError(
                f"no single trial is the best for several objectives: {names}",
                hint="study.optimal_trials() returns the best compromises",
            )
        _, stored = self._transport.trials(self._stored.name, states=[TrialState.SUCCEEDED])
        best = best_trial(stored, self.config)
        if best is None:
            raise NotFoundError(why_no_best(stored, self.config))
        return self._handle(best)

    def optimal_trials(self) -> list[Trial]:
        """Return the trials that no other one beats in all objectives: the Pareto front.

        The best in the first objective comes first; of trials with equal values the earliest is
        returned. With one objective it is the best trial. Empty while no trial has succeeded.
        """
        front = self._transport.pareto_front(self._stored.name)
        return [self._handle(trial) for trial in front.trials]

    @property
    def hypervolume(self) -> float:
        """How much the optimal trials reach: the volume between them and the reference point.

        The reference point is the one given to create_study, else it is chosen from the results
        and may move as they come. 0 while no trial has succeeded.
        """
        return self._transport.pareto_front(self._stored.name).hypervolume

    @property
    def recommendation(self) -> Recommendation:
        """The trial whose configuration to use, with what a model expects of it.

        Where results are noisy it is not the trial with the best observed value, which was mostly
        lucky, but the one of which a model of all results expects most. With little sign of
        noise, or several objectives, it is the one with the best value of the first objective.
        Only trials that keep the limits of safety metrics count.

        Raises:
            NotFoundError: no trial has succeeded yet, or none of them keeps the limits.
        """
        found = self._transport.recommend(self._stored.name)
        if found is None:
            _, stored = self._transport.trials(self._stored.name, states=[TrialState.SUCCEEDED])
            raise NotFoundError(why_no_best(stored, self.config))
        return found

    def advice(self, n_more_trials: int = N_MORE_TRIALS, more_than: float | None = None) -> Advice:
        """Return how probable it is that so many more trials improve the objective.

        By more than `more_than`, in the objective's units; by default what `min_improvement` says,
        else a hundredth of the distance between the best and the median value. With several
        objectives it is a share of the hypervolume, by default 0.01. There is advice from 8 results
        on that can be used; the answer's `reason` says why there is none.

        Raises:
            InvalidInputError: a number outside its range.
        """
        return self._transport.advise(self._stored.name, n_more_trials, more_than)

    @overload
    def suggest(self, *, client_id: str | None = None) -> Trial: ...

    @overload
    def suggest(self, *, count: int, client_id: str | None = None) -> list[Trial]: ...

    def suggest(
        self, *, count: int | None = None, client_id: str | None = None
    ) -> Trial | list[Trial]:
        """Return a trial to run, or a list of `count` (1 to 1000): waiting ones, then new ones.

        Trials of a list are chosen to be run at the same time: each takes the others into
        account. A list is shorter, but not empty, where the search space is exhausted. Each call
        gives other trials. With a `client_id` of your own, a repeated call returns the trials
        that this client still runs.

        Raises:
            InvalidInputError: `count` is out of range.
            NotFoundError: the search space is exhausted, or the study's own rule has ended it.
            ConflictError: the study is not ACTIVE.
        """
        if count is not None and not 1 <= count <= MAX_SUGGESTIONS:
            raise InvalidInputError(f"count must lie in [1, {MAX_SUGGESTIONS}], got {count!r}")
        given = self._transport.suggest_trials(
            self._stored.name, count or 1, client_id or self._new_client_id()
        )
        if not given:
            reason = self._transport.why_ended(self._stored.name)
            raise NotFoundError(
                f"study {self.name!r} has ended by its own rule: {reason}"
                if reason
                else f"the search space of study {self.name!r} is exhausted"
            )
        handles = [self._handle(trial) for trial in given]
        return handles[0] if count is None else handles

    def optimize(
        self,
        objective: Objective,
        trials: int = 30,
        *,
        parallel: int = 1,
        timeout: float | str | None = None,
        progress: bool | None = None,
    ) -> "Study":
        """Run `objective(trial)` until the study has `trials` trials in all.

        The objective reads `trial.parameters` and returns a float or {metric: value}; for several
        objectives also their values as a tuple or list, in the order of `config.objectives`. It may
        call `trial.report`. An exception makes the trial INFEASIBLE and is kept as its reason. With
        `parallel=1` it runs in this process; with more, in processes of its own, and then it must
        be a function that can be imported. Calling it again goes on where it ended. `timeout`
        (seconds, or a text such as "2h") ends it after the running trials. `progress` shows a bar
        on a terminal; by default where there is one.

        Raises:
            InvalidInputError: a count below 1, or an objective that cannot be imported.
            JobError: the worker processes cannot start.
        """
        Optimization(
            transport=self._transport,
            study=self._stored,
            new_client_id=self._new_client_id,
            n_trials=trials,
            n_parallel=parallel,
            timeout=timeout,
        ).run(objective, self._progress(trials), show=progress)
        return self

    def add_trial(
        self, parameters: Mapping[str, ParameterValue], metrics: MetricValues | None = None
    ) -> Trial:
        """Add a trial whose result is known; without metrics it counts as INFEASIBLE."""
        stored = self._transport.add_trial(
            self._stored.name,
            parameters,
            measurement=None if metrics is None else self._measurement(metrics),
            infeasible_reason="added without a result" if metrics is None else "",
        )
        return self._handle(stored)

    def enqueue(self, parameters: Mapping[str, ParameterValue]) -> Trial:
        """Put a point in line: it is suggested before the algorithm is asked.

        Active parameters that are left out take their default, or the middle of their range.
        """
        complete = self.config.with_defaults(parameters)
        return self._handle(self._transport.add_trial(self._stored.name, complete))

    def update(  # noqa: PLR0913 - all are optional keywords
        self,
        *,
        parameters: Mapping[str, Parameter] | None = None,
        old_values: Mapping[str, ParameterValue] | None = None,
        freeze: Mapping[str, ParameterValue] | None = None,
        remove: str | Sequence[str] = (),
        n_trials: int | None = None,
        algorithm: str | None = None,
        early_stopping: str | EarlyStopping | None = None,
        stop_when: str | Sequence[str] = (),
        constraints: str | Sequence[str] | None = None,
        safe: Limits = (),
        noise: str | None = None,
        beliefs: Mapping[str, ParameterValue] | None = None,
        prior_studies: str | Sequence[str] | None = None,
        reference: Mapping[str, float | None] | None = None,
        auto_stop: bool | float | None = None,
        min_improvement: float | None = None,
    ) -> "Study":
        """Edit the study, also while it runs; all that is left out stays as it is.

        Trials that have ended stay; those outside of the new space are still what models learn
        from. Waiting trials outside of it are not run any more. Metrics and goals stay: values of
        another metric cannot be compared with those that are there, so it needs a new study.

        Args:
            parameters: other definitions of parameters, and new ones.
            old_values: for each new parameter, the value that it had in the trials so far.
            freeze: parameters that keep one value from now on.
            remove: parameters that the program does not take any more.
            n_trials: the number of trials that the study is planned for.
            algorithm: as in `create_study`.
            early_stopping: as in `create_study`; "none" for no rule.
            stop_when: as in `create_study`, beside what is there; "none" removes all conditions.
            constraints: as in `create_study`, in place of those that are there; () for none.
            safe: limits of safety metrics that are there, with other numbers, as in `create_study`.
            noise: "high", "low" or "unspecified".
            beliefs: as in `create_study`, in place of those that are there; {} for none.
            prior_studies: as in `create_study`, in place of those that are there; () for none. Of
                one that is new the trials count that have ended by now.
            reference: as in `create_study`; None for a value that is chosen from the results.
            auto_stop: as in `create_study`; False takes it back.
            min_improvement: as in `create_study`.

        Raises:
            NotFoundError: a prior study is not there.
            InvalidInputError: a name is unknown, or a value breaks a rule; nothing is changed.
        """
        edit = edit_in_words(
            self.config,
            parameters=parameters,
            old_values=old_values,
            freeze=freeze,
            remove=remove,
            n_trials=n_trials,
            algorithm=algorithm,
            early_stopping=early_stopping,
            stop_when=stop_when,
            constraints=constraints,
            safe=safe,
            noise=noise,
            beliefs=beliefs,
            prior_studies=prior_studies,
            project_id=self._stored.name.project_id,
            reference=reference,
            auto_stop=auto_stop,
            min_improvement=min_improvement,
        )
        self._stored = self._transport.edit_study(
            self._stored.name, edit, client_id=self._new_client_id()
        )
        return self

    def stop(self) -> None:
        """Take no new trials; `resume` takes it back."""
        self._transport.set_study_state(self._stored.name, StudyState.INACTIVE)

    def resume(self) -> None:
        """Take new trials again."""
        self._transport.set_study_state(self._stored.name, StudyState.ACTIVE)

    def finish(self) -> None:
        """End the study: no new trials, and paused ones count with their last measurement."""
        self._transport.set_study_state(self._stored.name, StudyState.COMPLETED)

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row per trial: id, state, value, parameters, metrics, times. Needs pandas.

        Parameters and metrics keep their names; one that is taken gets `param_` or `metric_`
        in front. Durations are seconds, times Unix seconds.

        Raises:
            InvalidInputError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - optional, and heavy
        except ImportError:
            raise InvalidInputError(
                "to_dataframe needs pandas, which is not installed", hint="pip install pandas"
            ) from None
        fields, now = Fields(self.config), self._clock()
        _, stored = self._transport.trials(self._stored.name)
        times = ("started_at", "completed_at")
        return pd.DataFrame(
            [
                {**fields.row(trial, now), **{name: getattr(trial, name) for name in times}}
                for trial in stored
            ]
        )

    def _handle(self, stored: StoredTrial) -> Trial:
        return Trial(self._transport, self._stored.name, self._stored.config, stored)

    def _measurement(self, metrics: MetricValues) -> Measurement:
        return Measurement(named_metrics(self._stored.config, metrics))
