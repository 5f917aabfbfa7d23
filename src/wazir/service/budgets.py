"""Trials whose budget grows: pausing them, letting them go on, ending them; what algorithms see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wazir.algorithms.protocol import Snapshot
from wazir.domain.fidelity import Rung
from wazir.domain.metrics import Goal, Measurement
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import EarlyStopping, Study, StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.service.stopped import as_expected
from wazir.stopping.brackets import Brackets, Promotion, Standing, brackets_of
from wazir.stopping.protocol import STOPPING_NAMESPACE, Stop
from wazir.stopping.rung_labels import comparable_losses


@dataclass(frozen=True)
class Budgets:
    """What the attempts of a study's trials may use up; `parameter` is the fidelity parameter."""

    config: StudyConfig
    parameter: str
    brackets: Brackets

    @classmethod
    def of(cls, config: StudyConfig) -> "Budgets | None":
        """Return the budgets of a study, None if it has no fidelity parameter."""
        if config.fidelity is None:
            return None
        return cls(config, config.fidelity, brackets_of(config))

    def completed(
        self, values: Mapping[str, ParameterValue], trial_id: int, *, is_known: bool = False
    ) -> dict[str, ParameterValue]:
        """Return values with a budget, where they have none: the first one of the trial.

        A result that is known already is taken for one of the full budget.
        """
        brackets = self.brackets
        budget = brackets.full_budget if is_known else brackets.first_budget(trial_id)
        return {self.parameter: budget, **values}

    def after_attempt(self, trial: Trial, ended: Trial, now: float) -> Trial:
        """Return what becomes of a trial whose attempt has ended, to be stored.

        Args:
            trial: the trial before.
            ended: the trial as it would be if its budget had been the full one.
            now: Unix seconds.
        """
        final, revision = ended.final_measurement, ended.completed_revision
        is_over = trial.state is TrialState.ACTIVE and ended.state is TrialState.SUCCEEDED
        if not is_over or final is None or revision is None:
            return ended
        budget = self._budget(trial)
        rungs = (*trial.rungs, Rung(trial.attempt, budget, final, now, revision))
        if budget >= self.brackets.full_budget:
            return replace(ended, rungs=rungs)
        return replace(
            trial, state=TrialState.REQUESTED, client_id="", lease_expires_at=None, rungs=rungs
        )

    def promotions(self, trials: Sequence[Trial]) -> list[Promotion]:
        """Return the paused trials that are to go on."""
        return self.brackets.promotions(self._standings(trials))

    def finalist(self, trials: Sequence[Trial]) -> Promotion | None:
        """Return the paused trial that is to get the full budget before the study ends."""
        return self.brackets.finalist(self._standings(trials))

    def promoted(self, trial: Trial, budget: int | float) -> Trial:
        """Return a paused trial with a larger budget."""
        return replace(trial, parameters={**trial.parameters, self.parameter: budget})

    def ended(self, trials: Sequence[Trial], revision: int, now: float) -> list[Trial]:
        """Return those of all trials that are paused as stopped early, with the reason.

        Each counts with its last measurement. `now` is in Unix seconds.
        """
        stops = self.brackets.why_ended(self._standings(trials))
        ended = (self._ended(trial, stops[trial.id]) for trial in trials if trial.is_paused)
        return [replace(one, completed_at=now, completed_revision=revision) for one in ended]

    def _ended(self, trial: Trial, stop: Stop) -> Trial:
        objective = self.config.objective
        sign = 1.0 if objective.goal is Goal.MINIMIZE else -1.0
        reason = stop.reason(sign, self.parameter)
        rule = self.config.early_stopping or EarlyStopping()
        numbers = {name: f"{value:.8g}" for name, value in stop.numbers(sign).items()}
        record = {"rule": rule.rule, "axis": self.parameter, "reason": reason, **numbers}
        return replace(
            trial,
            state=TrialState.SUCCEEDED,
            final_measurement=trial.rungs[-1].measurement,
            stopping_reason=reason,
            metadata={**trial.metadata, STOPPING_NAMESPACE: record},
        )

    def comparable(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot without budgets: all that was measured counts as if at the full one.

        Paused trials, and those that go on after a pause, count as completed.
        """
        trials = sorted((*snapshot.completed, *snapshot.pending), key=lambda trial: trial.id)
        losses = comparable_losses(self._standings(trials))
        seen = [self._seen(trial, losses.get(trial.id)) for trial in trials]
        return replace(
            snapshot,
            completed=[trial for trial in seen if trial.state.is_final],
            pending=[trial for trial in seen if not trial.state.is_final],
        )

    def _seen(self, trial: Trial, losses: tuple[float, ...] | None) -> Trial:
        searched = replace(trial, parameters=self.config.without_budget(trial.parameters))
        measurement = trial.last_measurement
        if losses is None or measurement is None or trial.state is TrialState.INFEASIBLE:
            return searched
        labels = {
            metric.name: loss if metric.goal is Goal.MINIMIZE else -loss
            for metric, loss in zip(self.config.objectives, losses, strict=True)
        }
        labelled = replace(
            searched,
            state=TrialState.SUCCEEDED,
            final_measurement=replace(measurement, metrics={**measurement.metrics, **labels}),
        )
        if trial.state.is_final:
            return labelled
        last = trial.rungs[-1]
        return replace(labelled, completed_at=last.ended_at, completed_revision=last.revision)

    def _standings(self, trials: Sequence[Trial]) -> list[Standing]:
        """Return what trials have measured at the end of their budgets."""
        found = []
        for trial in trials:
            losses, violations = {}, {}
            for budget, measurement in self._measured(trial):
                rung, values = self.brackets.rung_of(budget), self._losses(measurement)
                if values is not None:
                    losses[rung] = values
                    violations[rung] = self._violation(measurement)
            if losses:
                found.append(Standing(trial.id, losses, trial.is_paused, violations))
        return found

    def _measured(self, trial: Trial) -> list[tuple[float, Measurement]]:
        if trial.rungs:
            return [(rung.budget, rung.measurement) for rung in trial.rungs]
        if trial.state is TrialState.SUCCEEDED and trial.final_measurement is not None:
            return [(self._budget(trial), trial.final_measurement)]
        return []

    def _losses(self, measurement: Measurement) -> tuple[float, ...] | None:
        losses = []
        for metric in self.config.objectives:
            value = measurement.value(metric.name)
            if value is None:
                return None
            losses.append(metric.loss(value))
        return tuple(losses)

    def _violation(self, measurement: Measurement) -> float:
        values = ((metric, measurement.value(metric.name)) for metric in self.config.metrics)
        return sum((metric.violation(value) for metric, value in values), 0.0)

    def _budget(self, trial: Trial) -> int | float:
        budget = trial.parameters.get(self.parameter)
        # A trial may be older than an edit of the space.
        return budget if isinstance(budget, int | float) else self.brackets.full_budget


def problem_of(study: Study, snapshot: Snapshot) -> tuple[StudyConfig, Snapshot]:
    """Return what an algorithm is asked about: it never sees budgets.

    Trials that were stopped early count with what they would have ended with, as far as known.
    """
    budgets = Budgets.of(study.config)
    if budgets is None:
        seen = [as_expected(trial, study.config.objectives) for trial in snapshot.completed]
        return study.config, replace(snapshot, completed=seen)
    return study.config.searched, budgets.comparable(snapshot)
