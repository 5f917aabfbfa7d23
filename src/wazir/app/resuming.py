"""A job that goes on with a study that was edited since: the command is old, the edit is newer."""

from dataclasses import dataclass, replace
from typing import Any

from wazir.app.owners import JOB_CLIENT
from wazir.domain.beliefs import fitting_beliefs
from wazir.domain.edits import KEEP, StudyEdit, describe_changes
from wazir.domain.stop_conditions import with_auto_stop
from wazir.domain.studies import Study, StudyStopping
from wazir.jobs.resolution import ANY_ALGORITHM, ResolvedJob
from wazir.jobs.spec import JOB_NAMESPACE, JobSpec, job_spec_of
from wazir.service.definitions import PARTS, replaced_parts
from wazir.service.editing import EditRecord, edits_of


@dataclass(frozen=True)
class Resumption:
    """How a job goes on with a study.

    Attributes:
        job: the job, with the study's definition as it is now.
        edit: the settings that the job names and that take over.
        notes: what is to be said: where the study is not what the job says, because of an edit.
    """

    job: ResolvedJob
    edit: StudyEdit
    notes: tuple[str, ...]

    @classmethod
    def of(cls, study: Study, job: ResolvedJob) -> "Resumption":
        """Return how a job goes on with a study.

        The job defines the study (`wazir.service.definitions`). A setting that an edit replaced does
        not come back either; another one takes over, and so does a word that turns one off.
        """
        named = _named_settings(job)
        edited = [name for name in named if _was_edited(study, name, job)]
        replaced: dict[str, Any] = {
            name: _off(study, name) if name in job.turned_off else KEEP for name in edited
        }
        before = _as_it_was(study, job)
        wanted = replace(study.config, **before, **{name: named[name] for name in replaced})
        is_now = replace(study.config, **StudyEdit(**replaced).settings)
        lines = describe_changes(wanted, is_now)
        present = {part: getattr(study.config, part) for part in PARTS}
        config = replace(job.config, **present)
        job = replace(job, config=config, spec=present_spec(study, job))
        notes = (f"the study was edited, and goes on as it is now: {line}" for line in lines)
        return cls(job, StudyEdit(**{**named, **replaced}), tuple(notes))


def _named_settings(job: ResolvedJob) -> dict[str, Any]:
    config = job.config
    named = {
        "algorithm": config.algorithm != ANY_ALGORITHM,
        "planned_n_trials": job.names_n_trials,
        "early_stopping": job.names_early_stopping,
        "study_stopping": job.names_study_stopping,
    }
    return {name: getattr(config, name) for name, is_named in named.items() if is_named}


def _was_edited(study: Study, name: str, job: ResolvedJob) -> bool:
    """Return whether somebody replaced the job's value of a setting, other than by `wazir tune`.

    A job that turns the end by advice off says all else as it was.
    """
    records = [record for record in edits_of(study) if name in record.edit.settings]
    ignores_auto_stop = name == "study_stopping" and name in job.turned_off
    if ignores_auto_stop:
        # Such a job before this one has replaced nothing else.
        records = [record for record in records if not _turns_auto_stop_off(record)]
    if not records or records[-1].client_id.startswith(f"{JOB_CLIENT}:"):
        return False
    value, before = getattr(job.config, name), [record.undo.settings[name] for record in records]
    if ignores_auto_stop:
        before = [with_auto_stop(old, False) for old in before]
    return value in before


def _turns_auto_stop_off(record: EditRecord) -> bool:
    old, new = record.undo.settings["study_stopping"], record.edit.study_stopping
    return bool(new == with_auto_stop(old, False))


def _off(study: Study, name: str) -> StudyStopping | None:
    """Return a setting of the study turned off; of when it ends only the end by advice is."""
    if name == "study_stopping":
        return with_auto_stop(study.config.study_stopping, False)
    return None


def present_spec(study: Study, job: ResolvedJob) -> JobSpec:
    """Return the job's program; how it is given parameters is the study's, if an edit replaced that."""
    if "space" in replaced_parts(study, job.config) and JOB_NAMESPACE in study.metadata:
        return replace(job.spec, passing=job_spec_of(study).passing)
    return job.spec


def _as_it_was(study: Study, job: ResolvedJob) -> dict[str, Any]:
    """Return what defined the study before edits, as far as the job says it."""
    config = job.config
    before = replaced_parts(study, config)
    if "space" in before:
        # What there is now may be about parameters that were not there before.
        believed = before.get("beliefs", study.config.beliefs)
        before["beliefs"] = fitting_beliefs(config.space, believed)
        before["constraints"] = config.constraints
    return before
