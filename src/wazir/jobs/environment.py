"""The environment variables that a trial's program gets."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wazir.domain.parameters import ParameterValue
from wazir.jobs.metrics.names import HYPERTUNE_FILE, REPORT_FILE

# What the runner has and programs do not get.
SECRETS = frozenset({"WAZIR_TOKEN"})


@dataclass(frozen=True)
class TrialContext:
    """What the variables of one attempt are made of.

    `job_dir` is this trial's folder below the job's directory, "" if there is none; `document`
    is the trainingInput of the configuration file, as JSON-ready values; `is_resumed` tells
    whether a program of an earlier attempt ran in the same folders.
    """

    study_id: str
    trial_label: str
    attempt: int
    is_resumed: bool
    parameters: Mapping[str, ParameterValue]
    metric_names: tuple[str, ...]
    trial_dir: Path
    attempt_dir: Path
    job_dir: str
    document: Mapping[str, object]


def trial_environment(context: TrialContext) -> dict[str, str]:
    """Return the variables to set: Cloud ML Engine's, Vertex's and our own.

    `task.trial` of TF_CONFIG is a text, because trainers join it to paths. Type and index of the
    task are left out: old estimators refuse them when the cluster is empty.
    """
    document = json.dumps(context.document)
    tf_config = {
        "cluster": {},
        "task": {"trial": context.trial_label},
        "job": context.document,
        "environment": "cloud",
    }
    base = context.job_dir or str(context.trial_dir)
    return {
        "PYTHONUNBUFFERED": "1",
        "TF_CONFIG": json.dumps(tf_config),
        "CLUSTER_SPEC": json.dumps(tf_config),
        "CLOUD_ML_JOB_ID": job_id(context.study_id),
        "CLOUD_ML_JOB": document,
        "CLOUD_ML_TRIAL_ID": context.trial_label,
        "CLOUD_ML_HP_METRIC_TAG": context.metric_names[0],
        "CLOUD_ML_HP_METRIC_FILE": str(context.attempt_dir / HYPERTUNE_FILE),
        "AIP_MODEL_DIR": f"{base}/model/",
        "AIP_CHECKPOINT_DIR": f"{base}/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": f"{base}/logs/",
        **_own_variables(context),
    }


def _own_variables(context: TrialContext) -> dict[str, str]:
    single = len(context.metric_names) == 1
    return {
        "WAZIR_STUDY": context.study_id,
        "WAZIR_TRIAL_ID": context.trial_label,
        "WAZIR_TRIAL_DIR": str(context.trial_dir),
        "WAZIR_ATTEMPT": str(context.attempt),
        "WAZIR_RESUME": "1" if context.is_resumed else "0",
        "WAZIR_REPORT_FILE": str(context.attempt_dir / REPORT_FILE),
        "WAZIR_METRIC": context.metric_names[0] if single else "",
        "WAZIR_PARAMETERS": json.dumps(dict(context.parameters)),
    }


def job_id(study_id: str) -> str:
    """Return a valid Cloud ML Engine job id: letters, digits, underscores, a letter first."""
    cleaned = re.sub(r"\W", "_", study_id, flags=re.ASCII)
    return cleaned if cleaned[:1].isalpha() else f"job_{cleaned}"
