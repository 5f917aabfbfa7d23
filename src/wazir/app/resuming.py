"""A job that goes on with a study that was edited since: the command is old, the edit is newer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wazir.app.owners import JOB_CLIENT
from wazir.domain.edits import KEEP, StudyEdit, describe_changes
from wazir.domain.studies import Study
from wazir.jobs.resolution import ANY_ALGORITHM, ResolvedJob
from wazir.jobs.spec import JOB_NAMESPACE, job_spec_of
from wazir.service.editing import edits_of, had_constraints, had_metrics, had_space


@dataclass(frozen=True)
class Resumption:
    """How a job goes on with a study.

    Attributes:
        job: the job, with the study's present space where the study had the job's space once.
        edit: the settings that the job names and that take over.
        notes: what is to be said: where the study is not what the job says, because of an edit.
    """

    job: ResolvedJob
    edit: StudyEdit
    notes: tuple[str, ...]

    @classmethod
    def of(cls, study: Study, job: ResolvedJob) -> "Resumption":
        """Return how a job goes on with a study.

        Whoever gives the command again by which a study was made means the study as it is now. So a
        space or a setting that an edit replaced does not come back; another one takes over.
        """
        named = _named_settings(job)
        replaced = {name: KEEP for name in named if _was_edited(study, name, named[name])}
        before = _definition_before(study, job)
        wanted = replace(study.config, **before, **{name: named[name] for name in replaced})
        if before:
            job = _in_present_definition(study, job, before)
        lines = describe_changes(wanted, study.config)
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


def _was_edited(study: Study, name: str, value: object) -> bool:
    """Return whether somebody replaced this value of a setting, other than by `wazir tune`."""
    records = [record for record in edits_of(study) if name in record.edit.settings]
    if not records or records[-1].client_id.startswith(f"{JOB_CLIENT}:"):
        return False
    return any(record.undo.settings[name] == value for record in records)


def _definition_before(study: Study, job: ResolvedJob) -> dict[str, Any]:
    """Return what defines the study, as the job says it where an edit replaced just that."""
    config = job.config
    before: dict[str, Any] = {}
    if had_space(study, config.space):
        before["space"] = config.space
    if before or had_constraints(study, config.constraints):
        # Those of the study may be about parameters that were not there before.
        before["constraints"] = config.constraints
    if had_metrics(study, config.metrics):
        before["metrics"] = config.metrics
    if _was_edited(study, "observation_noise", config.observation_noise):
        before["observation_noise"] = config.observation_noise
    return before


def _in_present_definition(
    study: Study, job: ResolvedJob, before: Mapping[str, Any]
) -> ResolvedJob:
    present = {name: getattr(study.config, name) for name in before if name != "constraints"}
    if had_constraints(study, job.config.constraints):
        present["constraints"] = study.config.constraints
    spec = job.spec
    if "space" in before and JOB_NAMESPACE in study.metadata:
        spec = replace(spec, passing=job_spec_of(study).passing)
    return replace(job, config=replace(job.config, **present), spec=spec)
