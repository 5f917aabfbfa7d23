"""The Trial handle: one point, what it reported, and the ways to tell its result."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypeGuard

from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Metadata, TrialState, is_safe
from wazir.domain.trials import Trial as StoredTrial
from wazir.service.transport import Transport

MetricValues: TypeAlias = float | Sequence[float] | Mapping[str, float]


class Trial:
    """A trial of a study.

    Attributes are those of the moment at which the handle was made, or of its last own change.
    """

    def __init__(
        self, transport: Transport, study_name: StudyName, config: StudyConfig, stored: StoredTrial
    ) -> None:
        self._transport = transport
        self._study_name = study_name
        self._config = config
        self._stored = stored

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        names = [metric.name for metric in self._config.objectives if metric.name in self.metrics]
        values = "".join(f" {name}={self.metrics[name]!r}" for name in names)
        return f"<Trial {self.id} {self.state}{values} {shown}>"

    @property
    def id(self) -> int:
        """Its number in the study, from 1."""
        return self._stored.id

    @property
    def state(self) -> TrialState:
        """REQUESTED, ACTIVE, STOPPING, SUCCEEDED or INFEASIBLE."""
        return self._stored.state

    @property
    def parameters(self) -> dict[str, ParameterValue]:
        """The values to try, by parameter name; a copy."""
        return dict(self._stored.parameters)

    @property
    def value(self) -> float | None:
        """The final value of the first objective metric, None without a result.

        That of its last budget while the trial is paused or goes on after a pause.
        """
        last = self._stored.last_measurement
        return None if last is None else last.metrics.get(self._config.objective.name)

    @property
    def metrics(self) -> dict[str, float]:
        """The final values of all metrics, as for `value`; a copy, empty without a result."""
        last = self._stored.last_measurement
        return {} if last is None else dict(last.metrics)

    @property
    def measurements(self) -> list[Measurement]:
        """The intermediate measurements, oldest first."""
        return self._transport.measurements(self._study_name, [self.id]).get(self.id, [])

    @property
    def infeasible_reason(self) -> str:
        """Why the trial has no result; "" unless INFEASIBLE. The first line says it in short."""
        return self._stored.infeasible_reason

    @property
    def attempt(self) -> int:
        """The number of its last run, 0 before the first."""
        return self._stored.attempt

    @property
    def is_paused(self) -> bool:
        """Whether its budget is used up and no larger one was granted; see `fidelity`."""
        return self._stored.is_paused

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier run of it may have left something to go on with."""
        return self.attempt > 1

    @property
    def client_id(self) -> str:
        """Who runs it, or ran it last."""
        return self._stored.client_id

    @property
    def is_safe(self) -> bool:
        """Whether it has succeeded and keeps the limits of all safety metrics."""
        return self.state is TrialState.SUCCEEDED and is_safe(self._stored, self._config.metrics)

    @property
    def metadata(self) -> Metadata:
        """Texts kept with the trial, by namespace and key."""
        return self._stored.metadata

    @property
    def started_at(self) -> float | None:
        """When it was first given to a worker, Unix seconds."""
        return self._stored.started_at

    @property
    def completed_at(self) -> float | None:
        """When it ended, Unix seconds."""
        return self._stored.completed_at

    def report(self, metrics: MetricValues, *, step: int | None = None) -> None:
        """Record an intermediate measurement.

        A bare number is the only objective metric, a tuple or list holds all of them in the order
        of the study's `config.objectives`.

        Raises:
            InvalidInputError: not a number, or another number of values than objectives.
            ConflictError: the trial has ended, or another worker has taken it.
        """
        measurement = Measurement(named_metrics(self._config, metrics), step=step)
        self._stored = self._transport.add_measurements(
            self._study_name, self.id, [measurement], attempt=self.attempt
        )

    def complete(self, metrics: MetricValues | None = None) -> None:
        """End the trial with its final metrics; without them, by the study's selection rule.

        A missing, NaN or infinite objective makes it INFEASIBLE.
        """
        final = None if metrics is None else Measurement(named_metrics(self._config, metrics))
        self._stored = self._transport.complete_trial(
            self._study_name, self.id, measurement=final, attempt=self._attempt_to_check()
        )

    def mark_infeasible(self, reason: str) -> None:
        """End the trial without a result."""
        self._stored = self._transport.complete_trial(
            self._study_name,
            self.id,
            infeasible_reason=reason or "no reason given",
            attempt=self._attempt_to_check(),
        )

    def should_stop(self) -> bool:
        """Return whether the trial is to end now: the study's stopping rule, or somebody, says so.

        Ask it after each report. Then return from the objective with what there is, or call
        `complete()`: the trial counts with its last value.
        """
        self._stored = self._transport.check_stopping(self._study_name, self.id)
        return self.state is TrialState.STOPPING

    @property
    def stopping_reason(self) -> str:
        """Why the trial was stopped early; "" if it was not."""
        return self._stored.stopping_reason

    def _attempt_to_check(self) -> int | None:
        return self.attempt or None


def named_metrics(config: StudyConfig, metrics: MetricValues) -> dict[str, float]:
    """Return metric values by name.

    A bare number belongs to the only objective, a sequence to all of them in their order.

    Raises:
        InvalidInputError: not a number, an empty mapping, or another number of values than
            objectives.
    """
    if isinstance(metrics, Mapping):
        return {str(name): _as_float(name, value) for name, value in metrics.items()}
    names = [metric.name for metric in config.objectives]
    values = list(metrics) if _is_listed(metrics) else [metrics]
    if len(values) != len(names):
        wanted = f"{len(names)} objectives" if len(names) > 1 else "one objective"
        raise InvalidInputError(
            f"the study has {wanted}, got {metrics!r}",
            hint=f"give a mapping with {', '.join(names)}, or their values in this order",
        )
    return {name: _as_float(name, value) for name, value in zip(names, values, strict=True)}


def _is_listed(metrics: object) -> TypeGuard[Sequence[float]]:
    """Return whether these are several values; a text or a number of another library is not."""
    return (
        isinstance(metrics, Iterable)
        and not isinstance(metrics, str | bytes)
        and (getattr(metrics, "ndim", 1) > 0)
    )


def _as_float(name: str, value: object) -> float:
    if isinstance(value, (str, bytes, bool)) or not hasattr(value, "__float__"):
        raise InvalidInputError(
            f"metric {name!r} must be a number, got {value!r}",
            hint="return a float or a mapping {metric: value}",
        )
    return float(value)
