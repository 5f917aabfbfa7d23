"""`resumePreviousJobId`: the study of the job that a file continues, or a new one that learns from it."""

from collections.abc import Mapping
from dataclasses import replace

from wazir.domain.errors import NotFoundError
from wazir.domain.hints import did_you_mean
from wazir.domain.studies import Study
from wazir.jobs.resolution import ResolvedJob
from wazir.jobs.spec import JOB_ID_KEY, JOB_NAMESPACE
from wazir.service.definitions import differences


def continue_previous(
    job: ResolvedJob, studies: Mapping[str, Study], *, resume: bool
) -> tuple[ResolvedJob, str]:
    """Return the job with the study that it goes on with, and a sentence about it.

    The earlier study itself goes on if its space and metrics are those of the job, unless the user
    names another study, or wants a new one (not `resume`). Otherwise the earlier study becomes a
    prior study of the job's own one: the one that was made so before, else a new one.

    Raises:
        NotFoundError: there is no such study.
    """
    previous = _study_of(job.previous_job, studies)
    previous_id = previous.name.study_id
    differences = _differences(previous, job)
    names_other = job.names_study and job.study_id != previous_id
    if resume and not differences and not names_other:
        return replace(job, study_id=previous_id), (
            f"study {previous_id!r} goes on, as resumePreviousJobId asks; its trials count"
        )
    priors = (*(name for name in job.config.prior_studies if name != previous.name), previous.name)
    job = replace(job, config=replace(job.config, prior_studies=priors))
    if not job.names_study:
        job = replace(job, study_id=_successor(job, studies) or free_name(job.study_id, studies))
    why = f"its {_first_words(differences)}" if differences else "a new study is wanted"
    return job, (
        f"study {previous_id!r} does not go on, because {why}; "
        f"study {job.study_id!r} learns from it as a prior study"
    )


def _differences(existing: Study, job: ResolvedJob) -> list[str]:
    """Return why a study cannot go on with a job: what it looks for, or where, differs."""
    found = differences(existing, job.config)
    parts = ("space", "constraints", "metrics", "fidelity")
    return [line for part in parts for line in found.get(part, [])]


def free_name(study_id: str, taken: Mapping[str, Study]) -> str:
    """Return `study_id`, or the first of `study_id-2`, `study_id-3`, ... that is not taken."""
    if study_id not in taken:
        return study_id
    number = 2
    while f"{study_id}-{number}" in taken:
        number += 1
    return f"{study_id}-{number}"


def _study_of(job_id: str, studies: Mapping[str, Study]) -> Study:
    """Return the study of that name, else the newest one made by the job of that name."""
    if job_id in studies:
        return studies[job_id]
    by_job = {
        study.metadata.get(JOB_NAMESPACE, {}).get(JOB_ID_KEY): study for study in studies.values()
    }
    if job_id in by_job:
        return by_job[job_id]
    known = [*studies, *(name for name in by_job if name)]
    listed = f"there are {', '.join(known)}" if known else "the storage has no study yet"
    raise NotFoundError(
        f"resumePreviousJobId names no study or job of this storage: {job_id!r}",
        hint=did_you_mean(job_id, known) or listed,
    )


def _successor(job: ResolvedJob, studies: Mapping[str, Study]) -> str:
    """Return the newest study that was made by the same job before, "" without one."""
    same = [
        study.name.study_id
        for study in studies.values()
        if study.config.prior_studies == job.config.prior_studies and not _differences(study, job)
    ]
    return same[-1] if same else ""


def _first_words(differences: list[str]) -> str:
    more = len(differences) - 1
    return differences[0] + (f" (and {more} more)" if more else "")
