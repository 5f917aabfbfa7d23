"""What a tuning job would do: its study, and the first trials that it would run."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from wazir.app.compose import StorageArgument, connect_to
from wazir.app.previous_job import free_name
from wazir.app.registry import canonical_name
from wazir.app.settings import StorageLocation, named_study, storage_location
from wazir.app.tuning import (
    check_same_job,
    connect_for,
    in_own_project,
    needs_earlier_studies,
    planned,
)
from wazir.domain.errors import InvalidInputError, NotFoundError, StudyMismatchError
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
    notes += [*service.prior_study_notes(name), *_notes_on_existing(job, storage, resume=resume)]
    if first_trial is not None:
        service.add_trial(name, first_trial)
    n_trials = job.limits.n_trials
    made = service.suggest_trials(name, min(count, n_trials), "dry-run", max_n_trials=n_trials)
    return DryRun(job, made, tuple(notes))


def _notes_on_existing(job: ResolvedJob, storage: StorageArgument, *, resume: bool) -> list[str]:
    """Return what happens because the storage has a study of that name, nothing if it has none."""
    name = named_study(job.study_id)
    try:
        there = connect_to(storage_location(storage), create=False)
    except NotFoundError:
        return []
    taken = {study.name.study_id: study for study in there.studies(name.project_id)}
    existing, free = taken.get(name.study_id), free_name(name.study_id, taken)
    if existing is None:
        return []
    if not resume:
        return [f"study {name.study_id!r} exists; this would make {free!r}"]
    try:
        check_same_job(existing, job, free)
    except StudyMismatchError as error:
        return [f"this would be refused: {error.message}"]
    n_ended = there.counts(name).completed
    return [
        f"study {name.study_id!r} exists with {n_ended} ended trials; this would go on with it"
    ]


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
