"""What a tuning job would do: its study, and the first trials that it would run."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from wazir.app.compose import StorageArgument, connect_to
from wazir.app.registry import canonical_name
from wazir.app.settings import StorageLocation, named_study, storage_location
from wazir.app.tuning import connect_for, in_own_project, needs_earlier_studies, planned
from wazir.domain.errors import InvalidInputError
from wazir.domain.names import StudyName
from wazir.domain.parameters import ParameterValue
from wazir.domain.trials import Trial
from wazir.jobs.resolution import ResolvedJob
from wazir.service.prior_studies import check_prior_studies
from wazir.service.transport import Transport


@dataclass(frozen=True)
class DryRun:
    """A job with its study decided, the first trials of a new study, and notes for the user."""

    job: ResolvedJob
    first_trials: list[Trial]
    notes: tuple[str, ...]


def dry_run(
    job: ResolvedJob,
    count: int,
    first_trial: Mapping[str, ParameterValue] | None,
    *,
    storage: StorageArgument,
    resume: bool,
) -> DryRun:
    """Return what a job would do, with up to `count` trials; nothing is stored.

    Raises:
        NotFoundError: an earlier study, or the study of the previous job, is not there.
    """
    job = in_own_project(job)
    service = connect_to(StorageLocation(), create=True)
    notes: list[str] = []
    if needs_earlier_studies(job):
        there = connect_for(job, storage_location(storage))
        job, notes = planned(job, there, resume=resume)
        check_prior_studies(there, named_study(job.study_id), job.config.prior_studies)
        for prior in job.config.prior_studies:
            _copy(prior, there, service)
    name = named_study(job.study_id)
    config = replace(job.config, algorithm=canonical_name(job.config.algorithm))
    service.create_study(name, config)
    notes += service.prior_study_notes(name)
    if first_trial is not None:
        service.add_trial(name, first_trial)
    n_trials = job.limits.n_trials
    made = service.suggest_trials(name, min(count, n_trials), "dry-run", max_n_trials=n_trials)
    return DryRun(job, made, tuple(notes))


def _copy(name: StudyName, source: Transport, target: Transport) -> None:
    """Copy a study's completed trials, without those that an edit has put outside of its space."""
    config = replace(source.study(name).config, prior_studies=())
    target.create_study(name, config)
    for trial in source.trials(name)[1]:
        if trial.state.is_final:
            with suppress(InvalidInputError):
                target.add_trial(
                    name,
                    trial.parameters,
                    measurement=trial.final_measurement,
                    infeasible_reason=trial.infeasible_reason,
                )
