"""One JSON object per event and line, for other programs.

Every object has `event` and `time` (Unix seconds). Keys are only ever added. Numbers that are not
finite are the texts "NaN", "Infinity" and "-Infinity"; what is not known is null.

event          other keys
-------------  ----------------------------------------------------------------------------------
job_started    study, study_name, metrics [{name, goal}], algorithm, seed, n_trials, n_parallel,
               counts, best, optimal [trial_id], directory (the study's), fidelity (a name or null)
trial_started  trial_id, attempt, parameters, command [text], found_running, started_at
measurement    trial_id, step, elapsed_s, value, metrics {name: number}, source
trial_stopping trial_id, reason: its program is stopped early
trial_ended    trial_id, attempt, state, parameters, value, metrics, reason ("" for a success),
               stopping_reason ("" unless it was stopped early), duration_s, is_best (so far),
               is_safe, directory (the program's own), attempt_directory, is_paused
warning, note  text
study_edited   changes [text], n_trials
advice         n_more_trials, more_than, probability of an improvement by more than that,
               expected_improvement, per_hour (or null), n_results,
               reason (""), is_of_front, is_of_default: see `Advice` in the reference of Python
job_ended      ending, counts, best, optimal, duration_s

`value` is that of the first objective metric. `optimal` are the trials that no other one beats in
all objectives; `is_best` tells whether a trial was one of them when it ended. `counts` has total, requested, active, stopping, succeeded
and infeasible. `best` has trial_id, value, parameters and metrics; it is null with several objectives. `ending` is DONE,
EXHAUSTED, OWN_RULE, TOO_MANY_FAILURES, INTERRUPTED, TIMEOUT, STOPPED or UNUSABLE_FOLDER. A trial
that was stopped to be run again ends in state REQUESTED, and so does one that is paused; its value
is that of the budget that it had. What is paused when all else is done ends with that value,
without an event; `counts`, `best` and `optimal` of `job_ended` know of it.
"""

from typing import TextIO

from wazir.cli.display.output import SafeStream
from wazir.cli.display.progress import JobProgress, LaterNews
from wazir.cli.json_text import advice_fields
from wazir.domain.clock import Clock
from wazir.domain.codec import measurement_to_dict, metrics_to_dict
from wazir.domain.json_fields import JsonObject, encode_number, to_json
from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial
from wazir.jobs.directories import TrialDirectory
from wazir.jobs.news import (
    Advised,
    JobEnded,
    JobNews,
    JobStarted,
    Measured,
    Noted,
    StudyEdited,
    TrialEnded,
    TrialStarted,
    TrialStopping,
    Warned,
)


class JsonLinesDisplay:
    """Writes each event as one line of JSON (JobListener)."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._out = SafeStream(stream)
        self._clock = clock
        self._progress: JobProgress | None = None

    def tell(self, news: JobNews) -> None:
        """Write an event."""
        now = self._clock()
        match news:
            case JobStarted():
                self._progress = JobProgress(news, now)
                self._write("job_started", now, _job_started(news, self._progress))
            case Warned():
                self._write("warning", now, {"text": news.text})
            case Noted():
                self._write("note", now, {"text": news.text})
            case Advised():
                self._write("advice", now, advice_fields(news.advice))
            case TrialStopping():
                fields = {"trial_id": news.trial.id, "reason": news.trial.stopping_reason}
                self._write("trial_stopping", now, fields)
            case TrialStarted() | Measured() | TrialEnded() | StudyEdited() | JobEnded():
                if self._progress is not None:
                    self._follow(news, self._progress, now)

    def tick(self) -> None:
        """Do nothing: lines are written when something happens."""

    def close(self) -> None:
        """Do nothing: there is nothing to restore."""

    def _follow(self, news: LaterNews, progress: JobProgress, now: float) -> None:
        match news:
            case TrialStarted():
                progress.trial_started(news, now)
                self._write("trial_started", now, _trial_started(news))
            case Measured():
                progress.measured(news)
                self._write("measurement", now, _measurement(news, progress))
            case TrialEnded():
                self._write("trial_ended", now, _trial_ended(news, progress, now))
            case StudyEdited():
                progress.edited(news)
                changes = {"changes": list(news.changes), "n_trials": news.limits.n_trials}
                self._write("study_edited", now, changes)
            case JobEnded():
                progress.ended(news)
                fields: JsonObject = {
                    "ending": news.ending.name,
                    "counts": _counts(news.counts),
                    "best": _best(progress),
                    "optimal": [trial.id for trial in progress.optimal],
                    "duration_s": progress.elapsed_s(now),
                }
                self._write("job_ended", now, fields)

    def _write(self, event: str, now: float, fields: JsonObject) -> None:
        self._out.write_line(to_json({"event": event, "time": now, **fields}))


def _job_started(news: JobStarted, progress: JobProgress) -> JsonObject:
    config = news.study.config
    return {
        "study": news.study.name.study_id,
        "study_name": str(news.study.name),
        "metrics": [{"name": m.name, "goal": m.goal.value} for m in config.metrics],
        "algorithm": config.algorithm,
        "seed": config.seed,
        "n_trials": news.limits.n_trials,
        "n_parallel": news.limits.n_parallel,
        "counts": _counts(news.counts),
        "best": _best(progress),
        "optimal": [trial.id for trial in progress.optimal],
        "directory": str(news.folder),
        "fidelity": config.fidelity,
    }


def _trial_started(news: TrialStarted) -> JsonObject:
    return {
        "trial_id": news.trial.id,
        "attempt": news.trial.attempt,
        "parameters": dict(news.trial.parameters),
        "command": list(news.command),
        "found_running": news.found_running,
        "started_at": news.trial.started_at,
    }


def _measurement(news: Measured, progress: JobProgress) -> JsonObject:
    value = news.measurement.metrics.get(progress.objective.name)
    return {
        "trial_id": news.trial_id,
        **measurement_to_dict(news.measurement),
        "value": encode_number(value),
        "source": news.source,
    }


def _trial_ended(news: TrialEnded, progress: JobProgress, now: float) -> JsonObject:
    ended = progress.trial_ended(news, now)
    trial = news.trial
    return {
        "trial_id": trial.id,
        "attempt": trial.attempt,
        "state": trial.state.value,
        "parameters": dict(trial.parameters),
        "value": ended.value,
        "metrics": _metrics(trial),
        "reason": trial.infeasible_reason,
        "stopping_reason": trial.stopping_reason,
        "duration_s": ended.duration_s,
        "is_best": ended.is_best,
        "is_safe": ended.is_safe,
        "directory": str(TrialDirectory(news.attempt_dir.parent.parent).output),
        "attempt_directory": str(news.attempt_dir),
        "is_paused": trial.is_paused,
    }


def _best(progress: JobProgress) -> JsonObject | None:
    if progress.best is None:
        return None
    return {
        "trial_id": progress.best.id,
        "value": progress.best_value,
        "parameters": dict(progress.best.parameters),
        "metrics": _metrics(progress.best),
    }


def _metrics(trial: Trial) -> JsonObject:
    last = trial.last_measurement
    return {} if last is None else metrics_to_dict(last.metrics)


def _counts(counts: TrialCounts) -> JsonObject:
    return {"total": counts.total, **vars(counts)}
