"""One line per event, for logs and pipes."""

import math
from typing import TextIO

from wazir.cli.display.output import SafeStream
from wazir.cli.display.phrases import (
    FailureTexts,
    advice_text,
    clean_line,
    counts_text,
    early_stop_text,
    edit_lines,
    end_line,
    last_values_text,
    parameters_text,
    put_back_text,
    success_text,
    values_text,
)
from wazir.cli.display.progress import EndedTrial, JobProgress, LaterNews
from wazir.cli.tables import counted, shown_path
from wazir.domain.clock import Clock
from wazir.domain.durations import format_duration
from wazir.domain.metrics import describe_metric
from wazir.domain.trials import TrialState
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

_SIGN_OF_LIFE_S = 30.0
_ADVICE_S = 60.0


class PlainDisplay:
    """Writes a line for each start and end of a trial, each warning, and the end (JobListener).

    A running trial with new values gets a line every 30 seconds, so that a long one is seen to
    be alive. Advice on whether to go on comes once a minute at most.
    """

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._out = SafeStream(stream)
        self._clock = clock
        self._failures = FailureTexts()
        self._progress: JobProgress | None = None
        self._said_at: dict[int, float] = {}
        self._advised_at = -math.inf

    def tell(self, news: JobNews) -> None:
        """Write the line of an event."""
        match news:
            case JobStarted():
                self._begin(news)
            case Warned():
                self._out.write_line(f"warning: {clean_line(news.text)}")
            case Noted():
                self._out.write_line(clean_line(news.text))
            case Advised():
                self._advise(news)
            case TrialStopping():
                self._out.write_line(early_stop_text(news.trial))
            case TrialStarted() | Measured() | TrialEnded() | StudyEdited() | JobEnded():
                if self._progress is not None:
                    self._follow(news, self._progress)

    def tick(self) -> None:
        """Do nothing: lines are written when something happens."""

    def close(self) -> None:
        """Do nothing: there is nothing to restore."""

    def _begin(self, news: JobStarted) -> None:
        progress = self._progress = JobProgress(news, self._clock())
        config, limits = news.study.config, news.limits
        self._out.write_line(
            f"study {news.study.name.study_id}: "
            f"{', '.join(describe_metric(metric) for metric in progress.objectives)}, {counted(limits.n_trials, 'trial')}, {limits.n_parallel} at a time, "
            f"{config.algorithm}, in {shown_path(news.folder)}"
        )
        # A single waiting trial is the program's defaults, put in line for a new study.
        if news.counts.completed or news.counts.pending > 1:
            text = f"going on: {counts_text(news.counts)}"
            if progress.best is not None:
                value = last_values_text(progress.best, progress)
                text += f"; best {value} (trial {progress.best.id})"
            elif progress.optimal:
                text += f"; {counted(len(progress.optimal), 'optimal trial')}"
            self._out.write_line(text)

    def _follow(self, news: LaterNews, progress: JobProgress) -> None:
        now = self._clock()
        match news:
            case TrialStarted():
                progress.trial_started(news, now)
                self._said_at[news.trial.id] = now
                self._out.write_line(_start_text(news))
            case Measured():
                progress.measured(news)
                self._say_alive(news.trial_id, progress, now)
            case TrialEnded():
                self._said_at.pop(news.trial.id, None)
                self._say_end(progress.trial_ended(news, now), progress)
            case StudyEdited():
                progress.edited(news)
                for line in edit_lines(news):
                    self._out.write_line(line)
            case JobEnded():
                progress.ended(news)
                self._out.write_line(end_line(progress, now))

    def _advise(self, news: Advised) -> None:
        now = self._clock()
        if self._progress is None or 0 <= now - self._advised_at < _ADVICE_S:
            return
        self._advised_at = now
        text = advice_text(news.advice, self._progress.objective)
        self._out.write_line(f"going on: {text}")

    def _say_alive(self, trial_id: int, progress: JobProgress, now: float) -> None:
        run = progress.running.get(trial_id)
        said_at = self._said_at.get(trial_id, now)
        if run is None or not run.values or 0 <= now - said_at < _SIGN_OF_LIFE_S:
            return
        self._said_at[trial_id] = now
        step = "" if run.step is None else f" at step {run.step}"
        self._out.write_line(
            f"trial {trial_id} running: {values_text(run.latest, progress)}"
            f"{step} after {format_duration(max(0.0, now - run.since))}"
        )

    def _say_end(self, ended: EndedTrial, progress: JobProgress) -> None:
        if not ended.trial.state.is_final:
            self._out.write_line(put_back_text(ended, progress))
            return
        if ended.trial.state is TrialState.SUCCEEDED:
            lines = [success_text(ended, progress)]
        else:
            lines = self._failures.lines(ended.trial)
        done = f"[{progress.counts.completed}/{progress.limits.n_trials}] "
        for index, line in enumerate(lines):
            self._out.write_line(line if index else done + line)


def _start_text(news: TrialStarted) -> str:
    what = "found running" if news.found_running else "started"
    attempt = f" (attempt {news.trial.attempt})" if news.trial.attempt > 1 else ""
    return f"trial {news.trial.id} {what}{attempt}: {parameters_text(news.trial.parameters)}"
