"""The live view of a job on a terminal."""

import atexit
import sys
from typing import TextIO, cast

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from wazir.cli.display.glyphs import glyphs_for
from wazir.cli.display.output import SafeStream
from wazir.cli.display.phrases import (
    FailureTexts,
    clean_line,
    edit_lines,
    end_line,
    put_back_text,
)
from wazir.cli.display.progress import JobProgress, LaterNews
from wazir.cli.display.view import JobView
from wazir.cli.tables import shown_path
from wazir.domain.clock import Clock
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

_FRAME_S = 0.125
_QUIET_FRAME_S = 1.0


class LiveDisplay:
    """Draws the running trials in place (JobListener).

    It draws in `tick`: up to 8 times a second while there is news, else once a second for the
    times. Failures and warnings are printed above and stay. There is no thread.
    """

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        out = SafeStream(stream)
        self._clock = clock
        self._glyphs = glyphs_for(out.encoding)
        # The caller has seen that this is a terminal; rich must not guess otherwise.
        self._console = Console(
            file=cast("TextIO", out),
            force_terminal=True,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._failures = FailureTexts()
        self._progress: JobProgress | None = None
        self._live: Live | None = None
        self._has_news = False
        self._drawn_at = 0.0

    def tell(self, news: JobNews) -> None:
        """Take up an event; what must stay on the screen is printed at once."""
        self._has_news = True
        match news:
            case JobStarted():
                self._begin(news)
            case Warned():
                self._print(f"warning: {clean_line(news.text)}", "yellow")
            case Noted():
                self._print(clean_line(news.text), "dim")
            case Advised():
                if self._progress is not None:
                    self._progress.advice = news.advice
            case TrialStopping():
                # There may be many: the view counts them, and `wazir show` says why.
                pass
            case TrialStarted() | Measured() | TrialEnded() | StudyEdited() | JobEnded():
                if self._progress is not None:
                    self._follow(news, self._progress)

    def tick(self) -> None:
        """Draw, if it is time to."""
        if self._live is None:
            return
        now = self._clock()
        # A clock that was set back must not stop the drawing.
        if 0 <= now - self._drawn_at < (_FRAME_S if self._has_news else _QUIET_FRAME_S):
            return
        self._drawn_at = now
        self._has_news = False
        self._live.refresh()

    def close(self) -> None:
        """Remove the view and show the cursor again."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
            atexit.unregister(self.close)

    def _begin(self, news: JobStarted) -> None:
        self.close()
        self._progress = JobProgress(news, self._clock())
        self._print(f"logs and files: {shown_path(news.folder)}", "dim")
        self._live = Live(
            _Picture(JobView(self._progress, self._glyphs), self._clock),
            console=self._console,
            auto_refresh=False,
            transient=True,
            # Errors that the user sends to a file belong there.
            redirect_stderr=sys.stderr.isatty(),
            vertical_overflow="crop",
        )
        # A job that ends by an error must not leave a terminal without a cursor.
        atexit.register(self.close)
        self._live.start(refresh=True)

    def _follow(self, news: LaterNews, progress: JobProgress) -> None:
        now = self._clock()
        match news:
            case TrialStarted():
                progress.trial_started(news, now)
            case Measured():
                progress.measured(news)
            case TrialEnded():
                self._trial_ended(news, progress, now)
            case StudyEdited():
                progress.edited(news)
                for line in edit_lines(news):
                    self._print(line, "dim")
            case JobEnded():
                progress.ended(news)
                self.close()
                self._print(end_line(progress, now), "")

    def _trial_ended(self, news: TrialEnded, progress: JobProgress, now: float) -> None:
        ended = progress.trial_ended(news, now)
        if ended.trial.is_paused:
            # There may be many: the view counts them.
            return
        if not ended.trial.state.is_final:
            self._print(put_back_text(ended, progress), "dim")
        elif ended.trial.state is TrialState.INFEASIBLE:
            self._print("\n".join(self._failures.lines(ended.trial)), "red")

    def _print(self, text: str, style: str) -> None:
        """Print lines above the view, where they stay; the first one gets the style."""
        first, newline, rest = text.partition("\n")
        shown = Text.assemble((first, style), newline, rest, overflow="fold")
        self._console.print(shown)


class _Picture:
    """Draws the view as it is at that moment, in the size that the terminal then has."""

    def __init__(self, view: JobView, clock: Clock) -> None:
        self._view = view
        self._clock = clock

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = console.size
        # One line less: a printed line then moves the view without a jump.
        lines = self._view.lines(self._clock(), max(1, width), max(1, height - 1))
        yield Text("\n", no_wrap=True, overflow="crop").join(lines)
