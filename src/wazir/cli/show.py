"""A study in full: what it looks for, how it stands, what failed and what runs."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wazir.app.owners import is_process_gone
from wazir.cli.budget_text import budgets_text
from wazir.cli.display.phrases import advice_text
from wazir.cli.front import front_lines, reference_text
from wazir.cli.json_text import advice_fields, study_fields, trial_fields
from wazir.cli.lookup import StudyView
from wazir.cli.tables import (
    counted,
    label_lines,
    printable,
    shown_path,
    shown_time,
    shown_value,
    terminal_width,
)
from wazir.cli.trial_text import best_fields, metric_rows, parameter_rows, run_rows
from wazir.client.rows import duration_s, first_line
from wazir.domain.beliefs import belief_texts
from wazir.domain.best import why_no_best
from wazir.domain.durations import format_duration
from wazir.domain.metrics import Measurement, Metric, describe_metric, limit_text
from wazir.domain.space import describe_space
from wazir.domain.stop_conditions import describe_stop_conditions
from wazir.domain.studies import ObservationNoise, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.spec import IGNORED_KEY, JOB_NAMESPACE
from wazir.service.abandoned import is_abandoned
from wazir.service.editing import edits_of
from wazir.stopping.protocol import STOPPING_NAMESPACE

_N_SHOWN_IDS = 8
_N_SHOWN_STOPS = 10
_RUNNING = (TrialState.ACTIVE, TrialState.STOPPING)


@dataclass(frozen=True)
class FailureGroup:
    """INFEASIBLE trials whose reasons begin with the same line."""

    reason: str
    trial_ids: tuple[int, ...]


def failure_groups(trials: Sequence[Trial]) -> list[FailureGroup]:
    """Return the failures by the first line of their reason, the most frequent first."""
    groups: dict[str, list[int]] = {}
    for trial in trials:
        if trial.state is TrialState.INFEASIBLE:
            groups.setdefault(first_line(trial.infeasible_reason), []).append(trial.id)
    found = [FailureGroup(reason, tuple(ids)) for reason, ids in groups.items()]
    return sorted(found, key=lambda group: -len(group.trial_ids))


def show_lines(view: StudyView, now: float) -> list[str]:
    """Return a study as text."""
    lines = label_lines(_head_rows(view))
    space = view.study.config.space
    lines += ["", "space"]
    lines += label_lines(describe_space(space), indent=2)
    constraints = view.study.config.constraints
    if constraints:
        lines += ["", "constraints", *(f"  {printable(one.text)}" for one in constraints)]
    best = view.best()
    if best is not None:
        lines += ["", f"best trial: {best.id}"]
        rows = [*metric_rows(view, best), *parameter_rows(best), *run_rows(view, best)]
        duration, outside = _duration_text(best, now), printable(view.outside)
        lines += label_lines([*rows, ("duration", duration), ("but", outside)], indent=2)
    elif view.counts.succeeded and not view.has_several_objectives:
        lines += ["", f"best trial: {why_no_best(view.trials, view.study.config)}"]
    if view.has_several_objectives and view.front.trials:
        lines += ["", *front_lines(view.study.config, view.front, terminal_width())]
        lines += filter(None, [printable(view.outside)])
    lines += _edit_lines(view)
    lines += _advice_lines(view)
    lines += _running_lines(view, now)
    lines += _paused_lines(view)
    lines += _stopped_lines(view)
    lines += _failure_lines(view)
    return lines


def _head_rows(view: StudyView) -> list[tuple[str, str]]:
    study, config, job = view.study, view.study.config, view.job
    program = "" if job is None else shlex.join(job.command)
    ends = config.study_stopping
    return [
        ("study", view.study_id),
        ("state", str(study.state)),
        *(("goal", describe_metric(m)) for m in config.objectives),
        *(("safety", limit_text(m)) for m in config.safety_metrics),
        ("reference", reference_text(config.objectives)),
        ("algorithm", f"{config.algorithm}, seed {config.seed}"),
        ("beliefs", ", ".join(belief_texts(config.beliefs))),
        ("noise", _noise_text(config.observation_noise)),
        ("stopping", "" if config.early_stopping is None else str(config.early_stopping)),
        ("budgets", budgets_text(config)),
        *(("transfer", note) for note in view.service.prior_study_notes(study.name)),
        ("ends when", "" if ends is None else ", ".join(describe_stop_conditions(ends))),
        ("trials", counts_text(view.counts, config.planned_n_trials, *_n_set_aside(view))),
        ("created", shown_time(study.created_at)),
        ("program", program or "none: the study was made from Python"),
        ("run in", "" if job is None else str(job.cwd)),
        ("folder", "" if job is None or view.folder is None else shown_path(view.folder.path)),
        ("not used", ", ".join(ignored_fields(view))),
    ]


def _n_set_aside(view: StudyView) -> tuple[int, int]:
    """Return how many trials are paused and how many abandoned."""
    return sum(trial.is_paused for trial in view.trials), sum(map(is_abandoned, view.trials))


def _noise_text(noise: ObservationNoise) -> str:
    return "" if noise is ObservationNoise.UNSPECIFIED else noise.value


def _paused_lines(view: StudyView) -> list[str]:
    """Return how many trials wait for a larger budget, by the one that they had."""
    config = view.study.config
    budgets = Counter(trial.rungs[-1].budget for trial in view.trials if trial.is_paused)
    rows = [
        (counted(n, "trial"), config.budget_text(budget)) for budget, n in sorted(budgets.items())
    ]
    return ["", "paused", *label_lines(rows, indent=2)] if rows else []


def counts_text(
    counts: TrialCounts, planned: int | None, n_paused: int = 0, n_abandoned: int = 0
) -> str:
    """Return "27 of 30 done: 24 succeeded, 3 infeasible, 1 running"."""
    total = max(planned or 0, counts.total)
    parts = (
        (counts.succeeded, "succeeded"),
        (counts.infeasible, "infeasible"),
        (counts.active, "running"),
        (counts.stopping, "stopping"),
        (n_paused, "paused"),
        (n_abandoned, "abandoned"),
        (counts.requested - n_paused - n_abandoned, "waiting"),
    )
    text = ", ".join(f"{count} {word}" for count, word in parts if count)
    return f"{counts.completed} of {total} done" + (f": {text}" if text else "")


def ignored_fields(view: StudyView) -> list[str]:
    """Return the fields of the configuration file that were stored and mean nothing here."""
    text = view.study.metadata.get(JOB_NAMESPACE, {}).get(IGNORED_KEY, "[]")
    found = json.loads(text)
    document = {} if view.job is None else view.job.document
    return [_with_value(str(path), document) for path in found]


def _with_value(path: str, document: Mapping[str, object]) -> str:
    """Return "region: us-central1" for a path to a single value, else the path."""
    value: object = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return f"{path}: {value}" if isinstance(value, str | int | float) else path


def _duration_text(trial: Trial, now: float) -> str:
    seconds = duration_s(trial, now)
    return "" if seconds is None else format_duration(seconds)


def _edit_lines(view: StudyView) -> list[str]:
    """Return what was edited and when, the newest last."""
    rows = [
        (shown_time(record.at) if index == 0 else "", printable(change))
        for record in edits_of(view.study)
        for index, change in enumerate(record.changes)
    ]
    return ["", "edits", *label_lines(rows, indent=2)] if rows else []


def _running_lines(view: StudyView, now: float) -> list[str]:
    running = [trial for trial in view.trials if trial.state in _RUNNING]
    if not running:
        return []
    measured = view.service.measurements(view.study.name, [trial.id for trial in running])
    objectives = view.study.config.objectives
    rows = []
    for trial in running:
        last = _last_values(measured.get(trial.id, []), objectives)
        stopping = "stopping" if trial.state is TrialState.STOPPING else ""
        alone = "its runner is gone" if is_process_gone(trial.client_id) else ""
        parts = filter(None, (_duration_text(trial, now), last, stopping, alone))
        rows.append((f"trial {trial.id}", ", ".join(parts)))
    return ["", "running", *label_lines(rows, indent=2)]


def _last_values(measurements: Sequence[Measurement], objectives: Sequence[Metric]) -> str:
    for measurement in reversed(measurements):
        names = [metric.name for metric in objectives if metric.name in measurement.metrics]
        if names:
            values = [f"{name} {shown_value(measurement.metrics[name])}" for name in names]
            return f"{', '.join(values)} at step {measurement.step}"
    return "no value yet"


def _advice_lines(view: StudyView) -> list[str]:
    """Return whether it is worth going on, nothing while that is not known."""
    if view.advice.probability is None:
        return []
    return ["", f"going on: {advice_text(view.advice, view.study.config.objective)}"]


def _stopped_lines(view: StudyView) -> list[str]:
    """Return why trials were stopped early, the newest last."""
    stopped = [trial for trial in view.trials if trial.stopping_reason and trial.state.is_final]
    if not stopped:
        return []
    rows = [
        (f"trial {trial.id}", printable(trial.stopping_reason))
        for trial in stopped[-_N_SHOWN_STOPS:]
    ]
    n_ran = view.counts.completed - len(stopped)
    head = f"stopped early: {counted(len(stopped), 'trial')}; {n_ran} ran to their end"
    return ["", head, *label_lines(rows, indent=2)]


def _failure_lines(view: StudyView) -> list[str]:
    groups = failure_groups(view.trials)
    if not groups:
        return []
    lines = ["", "failures"]
    for group in groups:
        ids = ", ".join(map(str, group.trial_ids[:_N_SHOWN_IDS]))
        n_more = len(group.trial_ids) - _N_SHOWN_IDS
        if n_more > 0:
            ids += f" and {n_more} more"
        noun = "trial" if len(group.trial_ids) == 1 else counted(len(group.trial_ids), "trial")
        lines.append(f"  {noun} {ids}: {printable(group.reason) or 'no reason given'}")
        if view.job is not None:
            lines.append(f"    wazir logs {view.study_id} {group.trial_ids[0]}")
    return lines


def show_fields(view: StudyView, now: float) -> dict[str, object]:
    """Return a study for other programs: with its best and running trials and its failures."""
    best = view.best()
    job = view.job
    return {
        **study_fields(view.study, view.counts),
        "fidelity": view.study.config.fidelity,
        "space": dict(describe_space(view.study.config.space)),
        "constraints": [one.text for one in view.study.config.constraints],
        "prior_studies": [name.study_id for name in view.study.config.prior_studies],
        "command": None if job is None else list(job.command),
        "cwd": None if job is None else str(job.cwd),
        "folder": None if job is None or view.folder is None else str(view.folder.path),
        "ignored_fields": ignored_fields(view),
        "advice": advice_fields(view.advice),
        "best_trial": None if best is None else best_fields(view, best, now),
        **_front_fields(view),
        "running": [
            trial_fields(trial, view.study, now)
            for trial in view.trials
            if trial.state in _RUNNING
        ],
        "paused": [trial.id for trial in view.trials if trial.is_paused],
        "abandoned": [trial.id for trial in view.trials if is_abandoned(trial)],
        "stopped_early": [
            {"trial_id": trial.id, **trial.metadata.get(STOPPING_NAMESPACE, {})}
            for trial in view.trials
            if trial.stopping_reason and trial.state.is_final
        ],
        "edits": [
            {"at": record.at, "client_id": record.client_id, "changes": list(record.changes)}
            for record in edits_of(view.study)
        ],
        "failures": [
            {"reason": group.reason, "trials": list(group.trial_ids)}
            for group in failure_groups(view.trials)
        ],
    }


def _front_fields(view: StudyView) -> dict[str, object]:
    if not view.has_several_objectives:
        return {}
    front = view.front
    return {
        "optimal_trials": list(front.trial_ids),
        "hypervolume": front.hypervolume,
        "reference": dict(front.reference),
    }
