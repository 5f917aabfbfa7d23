"""Running a Python objective for the trials of a study, here or in worker processes."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol, TypeAlias

from wazir.client.trial import MetricValues, Trial
from wazir.client.workers import Asked, Finished, Lost, Reported, WorkerPool, check_importable
from wazir.domain.durations import parse_duration
from wazir.domain.errors import InvalidInputError
from wazir.domain.studies import Study as StoredStudy
from wazir.domain.trials import TrialState
from wazir.service.transport import Transport

Objective: TypeAlias = Callable[[Trial], MetricValues]


class ProgressListener(Protocol):
    """Is told of each trial that ended."""

    def start(self, *, show: bool | None, n_done: int) -> None:
        """Begin; `show` None means: where there is a terminal."""
        ...

    def trial_ended(self, trial: Trial) -> None:
        """A trial ended."""
        ...

    def finish(self) -> None:
        """Nothing more comes."""
        ...


@dataclass(frozen=True)
class Optimization:
    """One call of `Study.optimize`.

    Raises:
        InvalidInputError: a count below 1, or a timeout that is no duration.
    """

    transport: Transport
    study: StoredStudy
    new_client_id: Callable[[], str]
    n_trials: int
    n_parallel: int = 1
    timeout: float | str | None = None

    def __post_init__(self) -> None:
        for what, count in (("trials", self.n_trials), ("parallel", self.n_parallel)):
            if count < 1:
                raise InvalidInputError(f"{what} must be at least 1, got {count!r}")

    def run(
        self, objective: Objective, listener: ProgressListener, *, show: bool | None = None
    ) -> None:
        """Run trials until the study has `n_trials`, none are left, or the time is over."""
        if self.n_parallel > 1:
            check_importable(objective)
        listener.start(show=show, n_done=self.transport.counts(self.study.name).completed)
        try:
            if self.n_parallel == 1:
                self._run_here(objective, listener)
            else:
                self._run_in_workers(objective, listener)
        finally:
            listener.finish()

    def _deadline(self) -> float:
        if self.timeout is None:
            return float("inf")
        is_text = isinstance(self.timeout, str)
        seconds = parse_duration(str(self.timeout)) if is_text else float(self.timeout)
        return monotonic() + seconds

    def _next_trial(self) -> Trial | None:
        given = self.transport.suggest_trials(
            self.study.name, 1, self.new_client_id(), max_n_trials=self.n_trials
        )
        if not given:
            return None
        return Trial(self.transport, self.study.name, self.study.config, given[0])

    def _run_here(self, objective: Objective, listener: ProgressListener) -> None:
        deadline = self._deadline()
        while monotonic() < deadline:
            trial = self._next_trial()
            if trial is None:
                return
            try:
                _run_one(objective, trial)
            except BaseException:
                self.transport.release_trial(self.study.name, trial.id, attempt=trial.attempt)
                raise
            if trial.state.is_final:
                listener.trial_ended(trial)

    def _run_in_workers(self, objective: Objective, listener: ProgressListener) -> None:
        deadline = self._deadline()
        running: dict[int, Trial] = {}
        pool = WorkerPool(objective)
        try:
            while True:
                while monotonic() < deadline and len(running) < self.n_parallel:
                    trial = self._next_trial()
                    if trial is None:
                        break
                    running[trial.id] = trial
                    pool.submit(trial.id, trial.parameters, is_resumed=trial.is_resumed)
                if not running:
                    return
                for event in pool.wait():
                    if isinstance(event, Asked):
                        pool.answer(event.trial_id, running[event.trial_id].should_stop())
                    else:
                        self._handle(event, running, listener)
        finally:
            pool.close()
            for trial in running.values():
                self.transport.release_trial(self.study.name, trial.id, attempt=trial.attempt)

    def _handle(
        self,
        event: Reported | Finished | Lost,
        running: dict[int, Trial],
        listener: ProgressListener,
    ) -> None:
        trial = running[event.trial_id]
        match event:
            case Reported():
                trial.report(event.metrics, step=event.step)
                return
            case Finished():
                if event.error:
                    trial.mark_infeasible(event.error)
                else:
                    _complete(trial, event.metrics)
            case Lost():
                freed = self.transport.release_trial(
                    self.study.name, trial.id, attempt=trial.attempt, lost=True
                )
                trial = Trial(self.transport, self.study.name, self.study.config, freed)
        del running[event.trial_id]
        if trial.state.is_final:
            listener.trial_ended(trial)


def _run_one(objective: Objective, trial: Trial) -> None:
    """Run an objective in this process; its exceptions make the trial INFEASIBLE."""
    try:
        result = objective(trial)
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises is a result
        trial.mark_infeasible(describe_error(error))
        return
    if trial.state in (TrialState.ACTIVE, TrialState.STOPPING):
        _complete(trial, result)


def _complete(trial: Trial, result: MetricValues | None) -> None:
    try:
        if result is None and not trial.measurements:
            raise InvalidInputError("a float or a mapping {metric: value} is needed")
        trial.complete(result)
    except InvalidInputError as error:
        trial.mark_infeasible(f"the objective returned {result!r}: {error.message}")


def describe_error(error: BaseException) -> str:
    """Return "Type: text" in the first line, then the traceback."""
    summary = traceback.format_exception_only(error)[-1].strip()
    return f"{summary}\n\n{''.join(traceback.format_exception(error))}"
