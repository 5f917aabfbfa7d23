"""The use cases as a server offers them: what is too large is refused before it is computed.

A request that is too large in itself raises InvalidInputError, one that finds a study or a
project full raises LimitError.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from wazir.domain.clock import Clock
from wazir.domain.edits import KEEP, StudyEdit
from wazir.domain.errors import LimitError, NotFoundError
from wazir.domain.limits import Limits, check_count, check_length
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Parameter, ParameterValue
from wazir.domain.space import SearchSpace
from wazir.domain.studies import Study, StudyConfig
from wazir.domain.trials import Metadata, Trial
from wazir.service.transport import Transport

# Listing the studies of a project costs as much as there are, so they are counted this often.
_COUNT_EVERY_S = 60.0


def limited(transport: Transport, limits: Limits, clock: Clock) -> Transport:
    """Return a transport that holds what comes in to limits."""
    return cast(Transport, _Limited(transport, limits, clock))


class _Limited:
    """What is not limited goes through as it is."""

    def __init__(self, transport: Transport, limits: Limits, clock: Clock) -> None:
        self._transport = transport
        self._limits = limits
        self._sizes = _Sizes(limits)
        self._studies = _StudyCounts(transport, limits, clock)

    def __getattr__(self, use_case: str) -> Any:
        return getattr(self._transport, use_case)

    def create_study(
        self,
        name: StudyName,
        config: StudyConfig,
        *,
        metadata: Metadata | None = None,
        must_be_new: bool = False,
    ) -> Study:
        """Create a study."""
        self._sizes.check_config(config)
        self._sizes.check_metadata(metadata)
        self._studies.check(name)
        return self._transport.create_study(
            name, config, metadata=metadata, must_be_new=must_be_new
        )

    def edit_study(
        self,
        name: StudyName,
        edit: StudyEdit,
        *,
        metadata: Metadata | None = None,
        client_id: str = "",
    ) -> Study:
        """Change a study."""
        self._sizes.check_metadata(metadata)
        self._sizes.check_client(client_id)
        self._sizes.check_edit(edit, self._transport.study(name))
        return self._transport.edit_study(name, edit, metadata=metadata, client_id=client_id)

    def update_metadata(
        self, name: StudyName, metadata: Metadata, *, trials: Mapping[int, Metadata] | None = None
    ) -> Study:
        """Set metadata."""
        self._sizes.check_metadata(metadata, *(trials or {}).values())
        return self._transport.update_metadata(name, metadata, trials=trials)

    def suggest_trials(
        self,
        name: StudyName,
        count: int,
        client_id: str,
        *,
        max_n_trials: int | None = None,
        lease_s: float | None = None,
    ) -> list[Trial]:
        """Return trials, as far as the study may have them."""
        limit = self._limits.n_trials
        check_count("suggestions in one request", count, self._limits.n_suggestions)
        self._sizes.check_client(client_id)
        is_ours = max_n_trials is None or max_n_trials > limit
        given = self._transport.suggest_trials(
            name,
            count,
            client_id,
            max_n_trials=limit if is_ours else max_n_trials,
            lease_s=lease_s,
        )
        if is_ours and not given:
            self._check_room(name)
        return given

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
        """Add a trial."""
        final = [] if measurement is None else [measurement]
        self._sizes.check_measurements([*measurements, *final])
        self._sizes.check_text("a reason", infeasible_reason)
        self._sizes.check_metadata(metadata)
        self._check_room(name)
        return self._transport.add_trial(
            name,
            parameters,
            measurement=measurement,
            measurements=measurements,
            infeasible_reason=infeasible_reason,
            metadata=metadata,
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
        """Record measurements."""
        self._sizes.check_measurements(measurements)
        check_count("void steps in one request", len(void_steps), self._limits.n_measurements)
        return self._transport.add_measurements(
            name, trial_id, measurements, void_steps=void_steps, attempt=attempt
        )

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
        if measurement is not None:
            self._sizes.check_measurements([measurement])
        self._sizes.check_text("a reason", infeasible_reason)
        return self._transport.complete_trial(
            name,
            trial_id,
            measurement=measurement,
            infeasible_reason=infeasible_reason,
            attempt=attempt,
        )

    def request_stop(self, name: StudyName, trial_id: int, reason: str) -> Trial:
        """Ask for a trial's end."""
        self._sizes.check_text("a reason", reason)
        return self._transport.request_stop(name, trial_id, reason)

    def take_over_trial(
        self, name: StudyName, trial_id: int, *, previous: str, client_id: str
    ) -> Trial:
        """Change a trial's owner."""
        self._sizes.check_client(client_id)
        return self._transport.take_over_trial(
            name, trial_id, previous=previous, client_id=client_id
        )

    def _check_room(self, name: StudyName) -> None:
        n_trials, limit = self._transport.counts(name).total, self._limits.n_trials
        if n_trials >= limit:
            raise LimitError(
                f"study {name.study_id!r} has {n_trials:,} trials, and a server takes {limit:,}",
                hint="make another study, with this one among its prior studies",
            )


class _Sizes:
    """Checks of values that need no storage."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def check_config(self, config: StudyConfig) -> None:
        """Check a definition."""
        limits = self._limits
        self._check_space(config.space)
        check_count("metrics of a study", len(config.metrics), limits.n_metrics)
        for metric in config.metrics:
            check_length("the name of a metric", metric.name, limits.n_name)
        check_count("constraints of a study", len(config.constraints), limits.n_constraints)
        check_count("prior studies", len(config.prior_studies), limits.n_prior_studies)

    def check_edit(self, edit: StudyEdit, study: Study) -> None:
        """Check an edit of a study; parameters that it replaces count twice."""
        limits = self._limits
        self._check_parameters(edit.parameters.items())
        space = study.config.space if edit.space is KEEP else edit.space
        n_parameters = len(edit.parameters) + sum(1 for _ in space.walk())
        check_count("parameters of a study", n_parameters, limits.n_parameters)
        if edit.space is not KEEP:
            self._check_space(edit.space)
        if edit.constraints is not KEEP:
            check_count("constraints of a study", len(edit.constraints), limits.n_constraints)
        if edit.prior_studies is not KEEP:
            check_count("prior studies", len(edit.prior_studies), limits.n_prior_studies)

    def check_metadata(self, *several: Metadata | None) -> None:
        """Check all metadata of one request."""
        # A trial that is named counts, even with no entries.
        limits, n_entries = self._limits, max(0, len(several) - 1)
        for metadata in several:
            for namespace, entries in (metadata or {}).items():
                check_length("a namespace of metadata", namespace, limits.n_name)
                n_entries += len(entries)
                for key, text in entries.items():
                    check_length("a key of metadata", key, limits.n_name)
                    check_length("an entry of metadata", text, limits.n_metadata_text)
        check_count("entries of metadata in one request", n_entries, limits.n_metadata)

    def check_measurements(self, measurements: Sequence[Measurement]) -> None:
        """Check measurements."""
        limits = self._limits
        check_count("measurements in one request", len(measurements), limits.n_measurements)
        for measurement in measurements:
            check_count("metrics of a measurement", len(measurement.metrics), limits.n_metrics)
            for name in measurement.metrics:
                check_length("the name of a metric", name, limits.n_name)

    def check_client(self, client_id: str) -> None:
        """Check a client id."""
        check_length("a client id", client_id, self._limits.n_name)

    def check_text(self, what: str, text: str) -> None:
        """Check a reason."""
        check_length(what, text, self._limits.n_text)

    def _check_space(self, space: SearchSpace) -> None:
        self._check_parameters(space.walk())

    def _check_parameters(self, parameters: Iterable[tuple[str, Parameter]]) -> None:
        limits, n_parameters = self._limits, 0
        for name, parameter in parameters:
            n_parameters += 1
            check_length("the name of a parameter", name, limits.n_name)
            if isinstance(parameter, Categorical):
                for value in parameter.values:
                    check_length("a category", str(value), limits.n_text)
        check_count("parameters of a study", n_parameters, limits.n_parameters)


class _StudyCounts:
    """How many studies the projects have, counted now and then; for several threads."""

    def __init__(self, transport: Transport, limits: Limits, clock: Clock) -> None:
        self._transport = transport
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: dict[str, tuple[float, int]] = {}

    def check(self, name: StudyName) -> None:
        """Let pass a study that is there, and a new one where there is room."""
        try:
            self._transport.study(name)
        except NotFoundError:
            pass
        else:
            return
        limit, n_studies = self._limits.n_studies, self._count(name.project_id)
        if n_studies > limit:
            raise LimitError(
                f"project {name.project_id!r} has {limit:,} studies, and a server takes no more",
                hint="delete studies that nobody needs, or use another project",
            )

    def _count(self, project_id: str) -> int:
        """Return how many studies a project has with one more; near the limit it is exact."""
        now, limit = self._clock(), self._limits.n_studies
        with self._lock:
            counted_at, n_studies = self._counted.get(project_id, (float("-inf"), 0))
        if not 0 <= now - counted_at < _COUNT_EVERY_S or n_studies >= limit:
            counted_at, n_studies = now, len(self._transport.studies(project_id))
        with self._lock:
            self._counted[project_id] = (counted_at, n_studies + 1)
        return n_studies + 1
