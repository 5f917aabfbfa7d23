"""One trial for people and programs: its value, its parameters, and how to run it again."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from wazir.cli.json_text import metric_fields, trial_fields
from wazir.cli.lookup import StudyView
from wazir.cli.luck import expectation_text, luck_text, repeats_text
from wazir.cli.tables import label_lines, shown_path
from wazir.domain.parameters import value_text
from wazir.domain.trials import Trial
from wazir.jobs.recorded_run import RecordedRun

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront


def command_of(view: StudyView, trial: Trial) -> RecordedRun | None:
    """Return the command of a trial: as it was recorded, or as it would be now.

    None for a study made from Python.
    """
    job, folder = view.job, view.folder
    if job is None or folder is None:
        return None
    recorded = view.recorded(trial)
    if recorded is not None:
        return recorded
    label = str(trial.id)
    argv = job.template(view.study.config.space).render(
        trial.parameters,
        trial_label=label,
        trial_dir=str(folder.trial(trial.id).output),
        job_dir=job.trial_job_dir(label),
    )
    return RecordedRun(tuple(argv), str(job.cwd))


def metric_rows(view: StudyView, trial: Trial) -> list[tuple[str, str]]:
    """Return names and exact values of a trial's final metrics, the objective first."""
    final = trial.final_measurement
    if final is None:
        return []
    order = [metric.name for metric in view.study.config.metrics]
    names = sorted(final.metrics, key=lambda name: order.index(name) if name in order else 999)
    return [(name, value_text(final.metrics[name])) for name in names]


def parameter_rows(trial: Trial) -> list[tuple[str, str]]:
    """Return names and exact values of a trial's parameters."""
    return [(name, value_text(value)) for name, value in trial.parameters.items()]


def run_rows(view: StudyView, trial: Trial) -> list[tuple[str, str]]:
    """Return where a trial's files are, its command, and how to run it again."""
    run = command_of(view, trial)
    if run is None or view.folder is None:
        return []
    elsewhere = "" if Path(run.cwd) == Path.cwd() else run.cwd
    return [
        ("directory", shown_path(view.folder.trial(trial.id).output)),
        ("command", shlex.join(run.command)),
        ("run in", elsewhere),
        ("git commit", _commit_text(run)),
        ("Python", run.python_version),
    ]


def _commit_text(run: RecordedRun) -> str:
    changed = ", with changes that were not committed" if run.git_dirty else ""
    return f"{run.git_commit[:12]}{changed}" if run.git_commit else ""


def best_lines(view: StudyView, trial: Trial) -> list[str]:
    """Return the best trial as text: what to use, where it is, how to run it again."""
    goal = view.study.config.objective.goal.value.lower()
    done = f"{view.counts.succeeded} succeeded of {view.counts.total}"
    lines = [f"best trial of {view.study_id}: {trial.id} ({done}, {goal})"]
    if view.recommendation is not None:
        repeats = repeats_text(view.trials, trial, view.study.config.objective)
        said = view.recommendation
        lines += filter(None, [luck_text(said), expectation_text(said), repeats, view.outside])
    lines += label_lines(metric_rows(view, trial), indent=2)
    lines += ["parameters", *label_lines(parameter_rows(trial), indent=2)]
    rows = run_rows(view, trial)
    if rows:
        again = ("again", f"wazir rerun {view.study_id} {trial.id}")
        lines += ["run", *label_lines([*rows, again], indent=2)]
    return lines


def best_fields(view: StudyView, trial: Trial, now: float) -> dict[str, object]:
    """Return the best trial for other programs."""
    objective = view.study.config.objective
    run = command_of(view, trial)
    directory = None if run is None or view.folder is None else view.folder.trial(trial.id).output
    return {
        "study": view.study_id,
        "metric": objective.name,
        "goal": objective.goal.value,
        **trial_fields(trial, view.study, now),
        "directory": None if directory is None else str(directory),
        "command": None if run is None else list(run.command),
        "cwd": None if run is None else run.cwd,
    }


def front_fields(view: StudyView, front: "ParetoFront", now: float) -> dict[str, object]:
    """Return the front for other programs: the optimal trials, each as `best_fields` gives it."""
    return {
        "study": view.study_id,
        "metrics": [metric_fields(metric) for metric in view.study.config.metrics],
        "optimal_trials": [best_fields(view, trial, now) for trial in front.trials],
        "hypervolume": front.hypervolume,
        "reference": dict(front.reference),
        "better_outside": view.better_outside,
    }
