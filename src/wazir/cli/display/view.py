"""The lines of the live view: how a job stands, in any width and height of a terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text

from wazir.cli.display.glyphs import Glyphs
from wazir.cli.display.phrases import about_duration, clean_line, parameters_text
from wazir.cli.display.progress import EndedTrial, JobProgress, RunningTrial
from wazir.cli.tables import counted, shown_value, text_width
from wazir.domain.durations import format_duration
from wazir.domain.trials import TrialState

_GAP = "  "
_GOOD = "green"
_BAD = "red"
_FAINT = "dim"
_MIN_PARAMETERS_WIDTH = 12
_MAX_SHOWN_ENDED = 3
_WIDE_SPARKLINE = 20
_NARROW_SPARKLINE = 10


@dataclass(frozen=True)
class Layout:
    """Widths of the columns in characters; a column of width 0 is left out."""

    trial: int
    value: int
    sparkline: int
    time: int
    step: int
    parameters: int


@dataclass(frozen=True)
class JobView:
    """Draws a job. `is_better` of the progress decides where the arrow points."""

    progress: JobProgress
    glyphs: Glyphs

    def lines(self, now: float, width: int, height: int) -> list[Text]:
        """Return at most `height` lines of at most `width` characters."""
        top = [*self._summary(now, width), *self._best(width)]
        n_left = height - len(top)
        runs = list(self.progress.running.values())
        ended = list(self.progress.recent)[::-1][:_MAX_SHOWN_ENDED]
        if n_left < 2 or not (runs or ended):
            return top[: max(1, height)]
        layout = self._layout(now, width)
        body = [Text(), self._titles(layout, width)][-min(2, n_left - 1) :]
        body += self._running_rows(runs, layout, now, width, n_left - len(body))
        n_left -= len(body)
        if ended and n_left >= 2:
            body.append(self._line("ended", width, _FAINT))
            body += [self._ended_row(trial, layout, width) for trial in ended[: n_left - 1]]
        return top + body

    def _summary(self, now: float, width: int) -> list[Text]:
        progress = self.progress
        counts = f"{progress.counts.completed}/{progress.limits.n_trials} trials"
        if progress.counts.infeasible:
            counts += f", {progress.counts.infeasible} infeasible"
        time = format_duration(progress.elapsed_s(now))
        left_s = progress.time_left_s(now)
        if left_s is not None:
            time += f", about {about_duration(left_s)} left"
        study = progress.study
        pieces = [study.name.study_id, study.config.algorithm, counts, time]
        lines = [self._line(line, width, "bold") for line in _flow(pieces, width)]
        return lines

    def _best(self, width: int) -> list[Text]:
        progress = self.progress
        metric = f"{progress.objective.name} ({progress.objective.goal.value.lower()})"
        if progress.best is None or progress.best_value is None:
            return [self._line(f"no value of {clean_line(metric)} yet", width, _FAINT)]
        value = shown_value(progress.best_value)
        pieces = [
            f"best {value} {clean_line(metric)}",
            f"trial {progress.best.id}",
            parameters_text(progress.best.parameters),
        ]
        return [self._line(line, width, _GOOD) for line in _flow(pieces, width)[:2]]

    def _layout(self, now: float, width: int) -> Layout:
        progress = self.progress
        runs, ended = progress.running.values(), progress.recent
        ids = [*progress.running, *(trial.trial.id for trial in ended)]
        values = [_last(run) for run in runs] + [shown_value(trial.value) for trial in ended]
        times = [_running_time(run, now) for run in runs] + [_ended_time(trial) for trial in ended]
        steps = ["" if run.step is None else str(run.step) for run in runs]
        trial = max(len("trial"), _widest(map(str, ids)))
        value = max(_widest(values), min(8, text_width(progress.objective.name)))
        left = width - trial - len(_GAP) - value
        sparkline, left = _take(left, 2 + _longest_series(progress), _WIDE_SPARKLINE)
        time, left = _take(left, max(4, _widest(times)), 0)
        step, left = _take(left, max(4, _widest(steps)) if any(steps) else 0, 0)
        parameters = left - len(_GAP)
        if parameters < _MIN_PARAMETERS_WIDTH:
            parameters = 0
        return Layout(trial, value, sparkline, time, step, parameters)

    def _titles(self, layout: Layout, width: int) -> Text:
        name = clean_line(self.progress.objective.name)
        cells = ["trial", name, "", "time", "step", "parameters"]
        return self._line(self._joined(cells, layout), width, _FAINT)

    def _running_rows(
        self, runs: Sequence[RunningTrial], layout: Layout, now: float, width: int, height: int
    ) -> list[Text]:
        n_shown = len(runs) if len(runs) <= height else max(0, height - 1)
        rows = [self._running_row(run, layout, now, width) for run in runs[:n_shown]]
        if n_shown < len(runs) and height > 0:
            more = f"and {counted(len(runs) - n_shown, 'running trial')} more"
            rows.append(self._line(more, width, _FAINT))
        return rows

    def _running_row(self, run: RunningTrial, layout: Layout, now: float, width: int) -> Text:
        leads = bool(run.values) and self.progress.is_better(run.values[-1])
        cells = [
            str(run.trial.id),
            _last(run),
            self._curve(list(run.values), layout, leads=leads),
            _running_time(run, now),
            "" if run.step is None else str(run.step),
            parameters_text(run.trial.parameters),
        ]
        return self._line(self._joined(cells, layout), width, _GOOD if leads else "")

    def _ended_row(self, ended: EndedTrial, layout: Layout, width: int) -> Text:
        label = str(ended.trial.id).rjust(layout.trial)
        if ended.trial.state is TrialState.INFEASIBLE:
            reason = clean_line(ended.trial.infeasible_reason.partition("\n")[0])
            return self._line(f"{label}{_GAP}INFEASIBLE: {reason}", width, _BAD)
        is_best = self.progress.best is not None and ended.trial.id == self.progress.best.id
        cells = [
            label,
            shown_value(ended.value),
            self._curve(ended.values, layout, leads=is_best),
            _ended_time(ended),
            "",
            parameters_text(ended.trial.parameters),
        ]
        return self._line(self._joined(cells, layout), width, _GOOD if is_best else "")

    def _curve(self, values: Sequence[float], layout: Layout, *, leads: bool) -> str:
        curve = self.glyphs.sparkline(values, layout.sparkline - 2)
        return f"{curve} {self.glyphs.arrow}" if leads else curve

    def _joined(self, cells: Sequence[str], layout: Layout) -> str:
        trial, value, curve, time, step, parameters = cells
        pairs = [
            (trial, layout.trial, True),
            (value, layout.value, True),
            (curve, layout.sparkline, False),
            (time, layout.time, True),
            (step, layout.step, True),
            (parameters, layout.parameters, False),
        ]
        return _GAP.join(
            _aligned(self.glyphs.fit(text, size), size, right=right)
            for text, size, right in pairs
            if size > 0
        )

    def _line(self, text: str, width: int, style: str) -> Text:
        return Text(self.glyphs.fit(text.rstrip(), width), style=style, no_wrap=True, end="")


def _flow(pieces: Sequence[str], width: int) -> list[str]:
    """Return the pieces on as few lines as they fit."""
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if text_width(lines[-1]) + len(_GAP) + text_width(piece) <= width:
            lines[-1] += _GAP + piece
        elif piece:
            lines.append(piece)
    return lines


def _take(left: int, wanted: int, most: int) -> tuple[int, int]:
    """Return the width of a column and what is then left; 0 where it does not fit."""
    if most:
        room = left - len(_GAP)
        wanted = min(wanted, (most if room > 2 * most else _NARROW_SPARKLINE) + 2)
    if wanted <= 0 or wanted + len(_GAP) > left:
        return 0, left
    return wanted, left - wanted - len(_GAP)


def _longest_series(progress: JobProgress) -> int:
    running = [len(run.values) for run in progress.running.values()]
    return max(running + [len(ended.values) for ended in progress.recent], default=0)


def _aligned(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - text_width(text))
    return space + text if right else text + space


def _widest(texts: Iterable[str]) -> int:
    return max(map(text_width, texts), default=0)


def _last(run: RunningTrial) -> str:
    return shown_value(run.values[-1]) if run.values else "-"


def _running_time(run: RunningTrial, now: float) -> str:
    return format_duration(max(0.0, now - run.since))


def _ended_time(ended: EndedTrial) -> str:
    return "" if ended.duration_s is None else format_duration(ended.duration_s)
