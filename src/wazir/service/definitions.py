"""Whether a study that is there is the one that somebody wants to create."""

from wazir.domain.constraints import constraint_differences
from wazir.domain.errors import StudyMismatchError
from wazir.domain.metrics import describe_metrics
from wazir.domain.studies import Study, StudyConfig, prior_study_differences, said_differences
from wazir.service.editing import had_constraints, had_metrics, had_space


def check_same(existing: Study, config: StudyConfig) -> None:
    """Raise StudyMismatchError, with all differences, unless `config` defines the study."""
    differences = []
    if not had_space(existing, config.space):
        differences = existing.config.space.differences(config.space)
    if not had_constraints(existing, config.constraints):
        differences += constraint_differences(existing.config.constraints, config.constraints)
    old, new = existing.config.metrics, config.metrics
    if old != new and not had_metrics(existing, new):
        differences.append(f"metrics: was {describe_metrics(old)}, is {describe_metrics(new)}")
    differences += existing.config.fidelity_differences(config)
    differences += said_differences(existing.config, config)
    differences += prior_study_differences(existing.config, config)
    if differences:
        rows = "\n".join(f"  {line}" for line in differences)
        raise StudyMismatchError(
            f"study {existing.name.study_id!r} exists with another definition:\n{rows}",
            hint="use another study name, or the same definition; `wazir edit` and Study.update "
            "change a study's space",
        )
