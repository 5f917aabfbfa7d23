"""Composing a tuning job: its study, its executor and its controller."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from wazir.app.clock import system_clock
from wazir.app.compose import StorageArgument, connect_to
from wazir.app.owners import JOB_CLIENT, is_process_gone, new_client_ids
from wazir.app.previous_job import continue_previous, free_name
from wazir.app.registry import canonical_name
from wazir.app.resuming import Resumption, present_spec
from wazir.app.settings import StorageLocation, named_study, own_project, storage_location
from wazir.app.stopping_rules import check_early_stopping
from wazir.domain.errors import InvalidInputError, NotFoundError, StudyMismatchError
from wazir.domain.names import in_project
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import Study, StudyConfig, StudyState
from wazir.jobs.advising import AdvisingListener
from wazir.jobs.controller import Controller, Ownership
from wazir.jobs.directories import StudyDirectory, study_directory
from wazir.jobs.edit_text import edit_command
from wazir.jobs.executors.local import LocalExecutor
from wazir.jobs.interrupts import Interrupts
from wazir.jobs.news import JobListener
from wazir.jobs.program_run import JobContext
from wazir.jobs.provenance import collect_provenance
from wazir.jobs.resolution import ResolvedJob
from wazir.jobs.spec import IGNORED_KEY, JOB_ID_KEY, JOB_NAMESPACE, JobSpec, job_spec_of
from wazir.jobs.state.messages import Ending
from wazir.service.checking import check_constraints
from wazir.service.definitions import differences
from wazir.service.transport import Transport


def new_seed() -> int:
    """Return a seed for a study that was given none."""
    return secrets.randbits(31)


@dataclass(frozen=True)
class TuningStudy:
    """A job's study in its storage; `is_new` tells whether it was just made.

    `notes` are to be said to the user.
    """

    service: Transport
    study: Study
    location: StorageLocation
    is_new: bool
    notes: tuple[str, ...] = ()

    @property
    def folder(self) -> StudyDirectory:
        """The folder of its runs."""
        return study_directory(_runs_folder(self.location), self.study.name)

    def reloaded(self) -> "TuningStudy":
        """Return it with its study as it is now: somebody may have edited it meanwhile.

        Raises:
            NotFoundError: it was deleted.
        """
        return replace(self, study=self.service.study(self.study.name))


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
    A job that continues an earlier one goes on with its study, or learns from it: see
    `wazir.app.previous_job`.

    Raises:
        StudyMismatchError: the study of that name differs.
        NotFoundError: an earlier study, or the study of the previous job, is not there.
        InvalidInputError: the storage is in memory.
    """
    location = storage_location(storage)
    _runs_folder(location)
    # Checked before a database is made: a wrong name leaves nothing behind.
    job = in_own_project(job)
    config = replace(job.config, algorithm=canonical_name(job.config.algorithm))
    check_early_stopping(config)
    check_constraints(config)
    service = connect_for(job, location)
    job, notes = planned(job, service, resume=resume)
    config = replace(config, prior_studies=job.config.prior_studies)
    name = named_study(job.study_id)
    taken = {study.name.study_id: study for study in service.studies(name.project_id)}
    if not resume:
        name = replace(name, study_id=free_name(name.study_id, taken))
    existing = taken.get(name.study_id)
    resumption = None
    if existing is not None:
        job = replace(job, config=config)
        check_same_job(existing, job, free_name(name.study_id, taken))
        resumption = Resumption.of(existing, job)
        job, config = resumption.job, resumption.job.config
        notes += resumption.notes
    study = service.create_study(name, config)
    service.update_metadata(name, {JOB_NAMESPACE: _metadata(job)})
    first = first_trial() if existing is None else None
    if first is not None:
        service.add_trial(name, first)
    if resumption is not None:
        service.edit_study(name, resumption.edit, client_id=new_client_ids(JOB_CLIENT)())
    if study.state is StudyState.INACTIVE:
        study = service.set_study_state(name, StudyState.ACTIVE)
    notes += service.prior_study_notes(name)
    return TuningStudy(service, service.study(name), location, existing is None, tuple(notes))


def connect_for(job: ResolvedJob, location: StorageLocation) -> Transport:
    """Return the service on the storage of a job; it is made, unless the job needs studies that are there.

    Raises:
        NotFoundError: there is no database, and so no earlier study.
    """
    needs = needs_earlier_studies(job)
    if needs and location.path is not None and not location.path.exists():
        names = [name.study_id for name in job.config.prior_studies] or [job.previous_job]
        raise NotFoundError(
            f"there is no study {' or '.join(map(repr, names))} to learn from: there is no database "
            f"{location.path}",
            hint="name the place of the earlier studies with --storage",
        )
    return connect_to(location, create=not needs)


def in_own_project(job: ResolvedJob) -> ResolvedJob:
    """Return a job whose prior studies, named by their ids, are those of one's own project."""
    priors = in_project(job.config.prior_studies, own_project())
    return replace(job, config=replace(job.config, prior_studies=priors))


def needs_earlier_studies(job: ResolvedJob) -> bool:
    """Return whether a job can only be run in a storage that has studies already."""
    return bool(job.config.prior_studies or job.previous_job)


def planned(
    job: ResolvedJob, service: Transport, *, resume: bool
) -> tuple[ResolvedJob, list[str]]:
    """Return the job with its study decided, and what to say of it."""
    if not job.previous_job:
        return job, []
    project_id = named_study(job.study_id).project_id
    studies = {study.name.study_id: study for study in service.studies(project_id)}
    job, note = continue_previous(job, studies, resume=resume)
    return job, [note]


def _metadata(job: ResolvedJob) -> dict[str, str]:
    named = {JOB_ID_KEY: job.job_id} if job.job_id else {}
    return {**job.spec.to_metadata(), IGNORED_KEY: json.dumps(job.ignored), **named}


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
            listener=AdvisingListener.begin(listener, tuning.service, tuning.study.name),
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


def _runs_folder(location: StorageLocation) -> Path:
    folder = location.runs_folder
    if folder is None:
        raise InvalidInputError(
            "a job needs a storage on disk, got one in memory",
            hint="leave --storage out, or name a file",
        )
    return folder


def check_same_job(existing: Study, job: ResolvedJob, free_name: str) -> None:
    """Raise StudyMismatchError unless a job can go on with a study; the error says what differs.

    `free_name` is that of the study that --no-resume would make.
    """
    found = differences(existing, job.config)
    spec = present_spec(existing, job)
    changes = [] if job.previous_job else _command_differences(existing, spec)
    lines = [*(line for lines in found.values() for line in lines), *changes]
    if lines:
        rows = "\n".join(f"  {line}" for line in lines)
        command = "" if changes else _edit_command(existing, job.config, found.keys())
        raise StudyMismatchError(
            f"study {existing.name.study_id!r} exists, and it differs:\n{rows}",
            hint=(f"to change the study and keep its trials: {command}\n" if command else "")
            + "start a new study with --study NAME, or with --no-resume, which makes "
            f"{free_name!r} and deletes nothing",
        )


def _edit_command(existing: Study, config: StudyConfig, parts: Set[str]) -> str:
    """Return the command that edits the parts that differ, "" if there is none."""
    if not parts.isdisjoint(("metrics", "fidelity")):
        return ""
    if "space" in parts:
        # They go with the space to which they were written.
        parts = {*parts, "constraints", "beliefs"}
    wanted = {part: getattr(config, part) for part in parts}
    try:
        return edit_command(existing, replace(existing.config, **wanted))
    except InvalidInputError:
        return ""


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
