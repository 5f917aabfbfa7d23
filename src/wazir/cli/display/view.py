"""The lines of the live view: how a job stands, in any width and height of a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from wazir.cli.display.glyphs import Glyphs
from wazir.cli.display.phrases import about_duration, advice_text, clean_line, parameters_text
from wazir.cli.display.progress import EndedTrial, JobProgress, RunningTrial
from wazir.cli.tables import counted, shown_value, text_width
from wazir.domain.durations import format_duration

_GAP = "  "
_GOOD = "green"
_FAINT = "dim"
_MIN_VALUE_WIDTH = 8
_MIN_PARAMETERS_WIDTH = 12
_MAX_SHOWN_ENDED = 3
_MIN_HEIGHT_FOR_BLANKS = 12
_WIDE_CURVE = 20
_NARROW_CURVE = 10


@dataclass(frozen=True)
class Layout:
    """Widths of the columns in characters; a column of width 0 is left out."""

    trial: int
    values: tuple[int, ...]
    curve: int
    time: int
    step: int
    parameters: int


@dataclass(frozen=True)
class JobView:
    """Draws a job; the arrow points at the trials that lead."""

    progress: JobProgress
    glyphs: Glyphs

    def lines(self, now: float, width: int, height: int) -> list[Text]:
        """Return at most `height` lines of at most `width` characters."""
        top = [*self._summary(now, width), *self._best(width), *self._going_on(width)]
        if height >= _MIN_HEIGHT_FOR_BLANKS:
            top.insert(0, Text())
        n_left = height - len(top)
        runs = list(self.progress.running.values())
        ended = list(self.progress.recent)[::-1][:_MAX_SHOWN_ENDED]
        if n_left < 2 or not (runs or ended):
            return top[: max(1, height)]
        layout = self._layout(now, width)
        body = [self._titles(layout, width)]
        if height >= _MIN_HEIGHT_FOR_BLANKS:
            body.insert(0, Text())
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
        if progress.paused:
            counts += f", {len(progress.paused)} paused"
        if progress.n_stopped_early:
            counts += f", {progress.n_stopped_early} stopped early"
        time = format_duration(progress.elapsed_s(now))
        left_s = progress.time_left_s(now)
        if left_s is not None:
            time += f", about {about_duration(left_s)} left"
        study = progress.study
        pieces = [study.name.study_id, study.config.algorithm, counts, time]
        return [self._line(line, width, "bold") for line in _flow(pieces, width)]

    def _best(self, width: int) -> list[Text]:
        progress = self.progress
        metrics = [f"{m.name} ({m.goal.value.lower()})" for m in progress.objectives]
        metric = clean_line(", ".join(metrics))
        if progress.best is not None:
            pieces = [
                f"best {shown_value(progress.best_value)} {metric}",
                f"trial {progress.best.id}",
                parameters_text(progress.best.parameters),
            ]
        elif progress.optimal:
            pieces = [counted(len(progress.optimal), "optimal trial"), metric]
        else:
            return [self._line(f"no value of {metric} yet", width, _FAINT)]
        return [self._line(line, width, _GOOD) for line in _flow(pieces, width)[:2]]

    def _going_on(self, width: int) -> list[Text]:
        advice = self.progress.advice
        if advice is None:
            return []
        text = f"going on: {advice_text(advice, self.progress.objective)}"
        return [self._line(line, width, _FAINT) for line in _flow(text.split("; "), width)]

    def _layout(self, now: float, width: int) -> Layout:
        progress = self.progress
        runs, ended = progress.running.values(), progress.recent
        ids = [*progress.running, *(trial.trial.id for trial in ended)]
        cells = [self._values(run.latest) for run in runs]
        cells += [self._values(_final(trial)) for trial in ended]
        times = [_running_time(run, now) for run in runs] + [_ended_time(trial) for trial in ended]
        steps = ["" if run.step is None else str(run.step) for run in runs]
        trial = max(len("trial"), _widest(map(str, ids)))
        values = [max(_MIN_VALUE_WIDTH, _widest(column)) for column in zip(*cells, strict=True)]
        left = width - trial
        for place, wanted in enumerate(values):
            # The first objective is always shown.
            values[place], left = (
                _take(left, wanted) if place else (wanted, left - wanted - len(_GAP))
            )
        curve = self._curve_width(left - len(_GAP))
        left -= curve + len(_GAP)
        time, left = _take(left, max(4, _widest(times)))
        step, left = _take(left, max(4, _widest(steps)) if any(steps) else 0)
        parameters = left - len(_GAP)
        if parameters < _MIN_PARAMETERS_WIDTH:
            parameters = 0
        return Layout(trial, tuple(values), curve, time, step, parameters)

    def _curve_width(self, room: int) -> int:
        """Return the width of the curves with their arrow, of the arrow alone, or 0."""
        runs, ended = self.progress.running.values(), self.progress.recent
        series = [run.values for run in runs] + [trial.values for trial in ended]
        if all(len(values) < 2 for values in series):
            return 1 if room >= 1 else 0
        for width in (_WIDE_CURVE, _NARROW_CURVE):
            if room >= 2 * width:
                return width + 2
        return 0

    def _titles(self, layout: Layout, width: int) -> Text:
        names = [clean_line(metric.name) for metric in self.progress.objectives]
        cells = ["trial", *names, "", "time", "step", "parameters"]
        return self._line(self._joined(cells, layout), width, _FAINT)

    def _values(self, metrics: Mapping[str, float]) -> list[str]:
        """Return a text for each objective."""
        names = [metric.name for metric in self.progress.objectives]
        return [shown_value(metrics[name]) if name in metrics else "-" for name in names]

    def _running_rows(
        self, runs: Sequence[RunningTrial], layout: Layout, now: float, width: int, height: int
    ) -> list[Text]:
        n_shown = len(runs) if len(runs) <= height else max(0, height - 1)
        rows = [self._running_row(run, layout, now, width) for run in runs[:n_shown]]
        if n_shown < len(runs) and height > 0:
            more = f"and {len(runs) - n_shown} more running"
            rows.append(self._line(more, width, _FAINT))
        return rows

    def _running_row(self, run: RunningTrial, layout: Layout, now: float, width: int) -> Text:
        leads = run.trial.id in self.progress.leaders
        cells = [
            str(run.trial.id),
            *self._values(run.latest),
            self._curve(list(run.values), layout, leads=leads),
            _running_time(run, now),
            "" if run.step is None else str(run.step),
            parameters_text(run.trial.parameters),
        ]
        return self._line(self._joined(cells, layout), width, _GOOD if leads else "")

    def _ended_row(self, ended: EndedTrial, layout: Layout, width: int) -> Text:
        leads = ended.trial.id in self.progress.leaders
        cells = [
            str(ended.trial.id),
            *self._values(_final(ended)),
            self._curve(ended.values, layout, leads=leads),
            _ended_time(ended),
            "",
            "unsafe " * (not ended.is_safe) + parameters_text(ended.trial.parameters),
        ]
        return self._line(self._joined(cells, layout), width, _GOOD if leads else "")

    def _curve(self, values: Sequence[float], layout: Layout, *, leads: bool) -> str:
        curve = self.glyphs.sparkline(values, layout.curve - 2)
        return f"{curve} {self.glyphs.arrow}".lstrip() if leads else curve

    def _joined(self, cells: Sequence[str], layout: Layout) -> str:
        trial, *values, curve, time, step, parameters = cells
        pairs = [
            (trial, layout.trial, True),
            *((text, size, True) for text, size in zip(values, layout.values, strict=True)),
            (curve, layout.curve, False),
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


def _take(left: int, wanted: int) -> tuple[int, int]:
    """Return the width of a column and what is then left; 0 where it does not fit."""
    if wanted <= 0 or wanted + len(_GAP) > left:
        return 0, left
    return wanted, left - wanted - len(_GAP)


def _aligned(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - text_width(text))
    return space + text if right else text + space


def _widest(texts: Iterable[str]) -> int:
    return max(map(text_width, texts), default=0)


def _final(ended: EndedTrial) -> Mapping[str, float]:
    last = ended.trial.last_measurement
    return {} if last is None else last.metrics


def _running_time(run: RunningTrial, now: float) -> str:
    return format_duration(max(0.0, now - run.since))


def _ended_time(ended: EndedTrial) -> str:
    return "" if ended.duration_s is None else format_duration(ended.duration_s)
