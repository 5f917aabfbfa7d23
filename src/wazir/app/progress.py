"""A progress bar for `Study.optimize`, on a terminal."""

import sys
from typing import TYPE_CHECKING

from wazir.client.trial import Trial
from wazir.domain.metrics import Goal
from wazir.domain.studies import StudyConfig

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressBar:
    """Draws trials done and, of one objective, the best value so far on standard error.

    See ProgressListener.
    """

    def __init__(self, config: StudyConfig, n_trials: int) -> None:
        self._config = config
        self._n_trials = n_trials
        self._best: float | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def start(self, *, show: bool | None, n_done: int) -> None:
        """Begin to draw, if wanted or, by default, if there is a terminal."""
        if not (sys.stderr.isatty() if show is None else show):
            return
        # Heavy, and only needed where someone looks.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        self._bar = Progress(console=Console(stderr=True))
        self._bar.start()
        self._task = self._bar.add_task("trials", total=self._n_trials, completed=n_done)

    def trial_ended(self, trial: Trial) -> None:
        """Count a trial, and show its value if it is the best."""
        if self._bar is None or self._task is None:
            return
        if len(self._config.objectives) > 1:
            self._bar.update(self._task, advance=1)
            return
        goal = self._config.objective.goal
        if trial.is_safe and trial.value is not None:
            worst = float("inf") if goal is Goal.MINIMIZE else float("-inf")
            if goal.better(trial.value, worst if self._best is None else self._best):
                self._best = trial.value
        best = "" if self._best is None else f", best {self._config.objective.name} {self._best:g}"
        self._bar.update(self._task, advance=1, description=f"trials{best}")

    def finish(self) -> None:
        """Stop drawing."""
        if self._bar is not None:
            self._bar.stop()
