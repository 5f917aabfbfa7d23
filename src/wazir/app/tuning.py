"""Composing a tuning job: its study, its executor and its controller."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wazir.app.clock import system_clock
from wazir.app.compose import StorageArgument, make_service, open_store
from wazir.app.owners import JOB_CLIENT, is_process_gone, new_client_ids
from wazir.app.registry import canonical_name
from wazir.app.resuming import Resumption
from wazir.app.settings import StorageLocation, storage_location
from wazir.app.stopping_rules import check_early_stopping
from wazir.domain.constraints import constraint_differences
from wazir.domain.errors import InvalidInputError, StudyMismatchError
from wazir.domain.metrics import describe_metrics
from wazir.domain.names import parse_study_name
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import Study, StudyState
from wazir.domain.trials import Trial
from wazir.jobs.controller import Controller, Ownership
from wazir.jobs.directories import StudyDirectory, study_directory
from wazir.jobs.edit_text import edit_command
from wazir.jobs.executors.local import LocalExecutor
from wazir.jobs.interrupts import Interrupts
from wazir.jobs.news import JobListener
from wazir.jobs.program_run import JobContext
from wazir.jobs.provenance import collect_provenance
from wazir.jobs.resolution import ResolvedJob
from wazir.jobs.spec import IGNORED_KEY, JOB_NAMESPACE, JobSpec, job_spec_of
from wazir.jobs.state.messages import Ending
from wazir.service.studies import StudyService, check_constraints


def new_seed() -> int:
    """Return a seed for a study that was given none."""
    return secrets.randbits(31)


@dataclass(frozen=True)
class TuningStudy:
    """A job's study in its storage; `is_new` tells whether it was just made.

    `notes` are to be said to the user.
    """

    service: StudyService
    study: Study
    location: StorageLocation
    is_new: bool
    notes: tuple[str, ...] = ()

    @property
    def folder(self) -> StudyDirectory:
        """The folder of its runs."""
        return study_directory(_database(self.location), self.study.name.study_id)


def open_tuning_study(
    job: ResolvedJob,
    *,
    storage: StorageArgument,
    resume: bool,
    first_trial: Callable[[], Mapping[str, ParameterValue] | None],
) -> TuningStudy:
    """Create the study of a job, or open it to go on.

    With `resume` a study of that name with the same space, metrics and command is gone on with;
    an algorithm and a stopping rule that the job names take over. Without it a new one gets a free name such as
    `train-2`. In a new study the trial that `first_trial` returns, if any, is put in line first.

    Raises:
        StudyMismatchError: the study of that name differs.
        InvalidInputError: the storage is in memory.
    """
    location = storage_location(storage)
    _database(location)
    # Checked before a database is made: a wrong name leaves nothing behind.
    config = replace(job.config, algorithm=canonical_name(job.config.algorithm))
    check_early_stopping(config)
    check_constraints(config)
    service = make_service(open_store(location, create=True))
    name = parse_study_name(job.study_id)
    taken = {study.name.study_id: study for study in service.studies(name.project_id)}
    if not resume:
        name = replace(name, study_id=_free_name(name.study_id, taken))
    existing = taken.get(name.study_id)
    resumption = None
    if existing is not None:
        resumption = Resumption.of(existing, replace(job, config=config))
        job, config = resumption.job, resumption.job.config
        _check_same(existing, job, _free_name(name.study_id, taken))
    study = service.create_study(name, config)
    ignored = {IGNORED_KEY: json.dumps(job.ignored)}
    service.update_metadata(name, JOB_NAMESPACE, {**job.spec.to_metadata(), **ignored})
    first = first_trial() if existing is None else None
    if first is not None:
        service.add_trial(name, first)
    if resumption is not None:
        service.edit_study(name, resumption.edit, client_id=new_client_ids(JOB_CLIENT)())
    if study.state is StudyState.INACTIVE:
        study = service.set_study_state(name, StudyState.ACTIVE)
    notes = () if resumption is None else resumption.notes
    return TuningStudy(service, service.study(name), location, existing is None, notes)


def run_tuning(
    tuning: TuningStudy, job: ResolvedJob, listener: JobListener, interrupts: Interrupts
) -> Ending:
    """Run a job to its end; its programs go on if this process dies."""
    context = job_context(tuning, job_spec_of(tuning.study), job)
    n_trials = tuning.study.config.planned_n_trials or job.limits.n_trials
    executor = LocalExecutor()
    try:
        return Controller(
            job=context,
            transport=tuning.service,
            executor=executor,
            limits=replace(job.limits, n_trials=n_trials),
            ownership=Ownership(new_client_ids(JOB_CLIENT), is_process_gone),
            listener=listener,
            interrupts=interrupts,
            timeout_s=job.timeout_s,
        ).run()
    finally:
        executor.close()


def job_context(tuning: TuningStudy, spec: JobSpec, job: ResolvedJob) -> JobContext:
    """Return what all runs of a job share."""
    return JobContext(
        study=tuning.study,
        spec=spec,
        folder=tuning.folder,
        provenance=collect_provenance(spec.cwd, spec.recorded_variables),
        clock=system_clock,
        grace_s=job.limits.grace_s,
        n_parallel=job.limits.n_parallel,
    )


def first_suggestions(
    job: ResolvedJob, count: int, first_trial: Mapping[str, ParameterValue] | None
) -> list[Trial]:
    """Return the first trials that a new study of this job would run; nothing is stored."""
    service = make_service(open_store(StorageLocation(None), create=True))
    name = parse_study_name(job.study_id)
    config = replace(job.config, algorithm=canonical_name(job.config.algorithm))
    service.create_study(name, config)
    if first_trial is not None:
        service.add_trial(name, first_trial)
    count = min(count, job.limits.n_trials)
    return service.suggest_trials(name, count, "dry-run", max_n_trials=job.limits.n_trials)


def _database(location: StorageLocation) -> Path:
    if location.path is None:
        raise InvalidInputError(
            "a job needs a storage on disk, got one in memory",
            hint="leave --storage out, or name a file",
        )
    return location.path


def _free_name(study_id: str, taken: Mapping[str, Study]) -> str:
    if study_id not in taken:
        return study_id
    number = 2
    while f"{study_id}-{number}" in taken:
        number += 1
    return f"{study_id}-{number}"


def _check_same(existing: Study, job: ResolvedJob, free_name: str) -> None:
    space_differences = existing.config.space.differences(job.config.space)
    others = constraint_differences(existing.config.constraints, job.config.constraints)
    others += _metric_differences(existing, job)
    others += existing.config.fidelity_differences(job.config)
    others += _command_differences(existing, job.spec)
    if space_differences or others:
        rows = "\n".join(f"  {line}" for line in (*space_differences, *others))
        command = "" if others else edit_command(existing, job.config.space)
        raise StudyMismatchError(
            f"study {existing.name.study_id!r} exists, and it differs:\n{rows}",
            hint=(f"to change the study and keep its trials: {command}\n" if command else "")
            + "start a new study with --study NAME, or with --no-resume, which makes "
            f"{free_name!r} and deletes nothing",
        )


def _metric_differences(existing: Study, job: ResolvedJob) -> list[str]:
    if existing.config.metrics == job.config.metrics:
        return []
    old, new = describe_metrics(existing.config.metrics), describe_metrics(job.config.metrics)
    return [f"metrics: was {old}, is {new}"]


def _command_differences(existing: Study, spec: JobSpec) -> Sequence[str]:
    if JOB_NAMESPACE not in existing.metadata:
        return []
    old = job_spec_of(existing)
    pairs = (
        ("command", " ".join(old.command), " ".join(spec.command)),
        ("folder", str(old.cwd), str(spec.cwd)),
        ("passing", old.passing, spec.passing),
    )
    return [f"{what}: was {before}, is {now}" for what, before, now in pairs if before != now]
