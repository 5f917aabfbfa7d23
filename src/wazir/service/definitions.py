"""Whether a study that is there is the one that somebody wants to create, or to go on with.

Whoever made a study and comes again with the same definition means the study as it is now: what an
edit has replaced since does not come back.
"""

from typing import Any

from wazir.domain.beliefs import belief_texts
from wazir.domain.constraints import constraint_differences
from wazir.domain.errors import StudyMismatchError
from wazir.domain.metrics import describe_metrics
from wazir.domain.studies import ObservationNoise, Study, StudyConfig, study_ids_text
from wazir.service.editing import former_configs

# What defines a study; all else says how to go on, and may differ.
PARTS = (
    *("space", "constraints", "metrics", "fidelity"),
    *("observation_noise", "beliefs", "prior_studies"),
)
# Those of which "" or nothing means: as it is.
_SILENT = {"observation_noise": ObservationNoise.UNSPECIFIED, "beliefs": {}, "prior_studies": ()}


def replaced_parts(study: Study, config: StudyConfig) -> dict[str, Any]:
    """Return the parts of `config` that are the study's before an edit, by their names."""
    former = list(former_configs(study))
    return {
        part: getattr(config, part)
        for part in PARTS
        if not _same(part, config, study.config) and any(_same(part, config, f) for f in former)
    }


def differences(study: Study, config: StudyConfig) -> dict[str, list[str]]:
    """Return what to say of each part by which `config` defines another study.

    What `config` does not say of noise, beliefs and prior studies does not differ.
    """
    replaced = replaced_parts(study, config)
    return {
        part: _lines(part, study.config, config)
        for part in PARTS
        if not (_same(part, study.config, config) or part in replaced or _is_silent(part, config))
    }


def check_same(existing: Study, config: StudyConfig) -> None:
    """Raise StudyMismatchError, with all differences, unless `config` defines the study."""
    lines = [line for lines in differences(existing, config).values() for line in lines]
    if lines:
        rows = "\n".join(f"  {line}" for line in lines)
        raise StudyMismatchError(
            f"study {existing.name.study_id!r} exists with another definition:\n{rows}",
            hint="use another study name, or the same definition; `wazir edit` and Study.update "
            "change all but its objectives",
        )


def _same(part: str, left: StudyConfig, right: StudyConfig) -> bool:
    mine, theirs = getattr(left, part), getattr(right, part)
    # The order of constraints means nothing.
    return set(mine) == set(theirs) if part == "constraints" else bool(mine == theirs)


def _is_silent(part: str, config: StudyConfig) -> bool:
    return part in _SILENT and bool(getattr(config, part) == _SILENT[part])


def _lines(part: str, old: StudyConfig, new: StudyConfig) -> list[str]:
    if part == "space":
        return old.space.differences(new.space)
    if part == "constraints":
        return constraint_differences(old.constraints, new.constraints)
    label = {"observation_noise": "noise", "prior_studies": "prior studies"}.get(part, part)
    return [f"{label}: was {_text(part, old)}, is {_text(part, new)}"]


def _text(part: str, config: StudyConfig) -> str:
    texts = {
        "metrics": describe_metrics(config.metrics),
        "fidelity": config.fidelity or "none",
        "observation_noise": config.observation_noise.value,
        "beliefs": ", ".join(belief_texts(config.beliefs)) or "none",
        "prior_studies": study_ids_text(config.prior_studies),
    }
    return texts[part]
