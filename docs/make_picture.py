"""Record the live display of a real job on examples/house as docs/images/tune.svg.

Run it after a change of the display: python docs/make_picture.py (half a minute).
"""

import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from wazir.app.clock import system_clock
from wazir.cli import tune as tune_module
from wazir.cli.display.live import LiveDisplay
from wazir.jobs.news import JobNews, JobStarted, TrialEnded, TrialStarted

DOCS = Path(__file__).parent
EXAMPLE = DOCS.parent / "examples" / "house"
PICTURE = DOCS / "images" / "tune.svg"
COMMAND = "wazir tune hyperparam.yaml --trials 16 --parallel 2 -- python -m trainer.task"
SEED = "1"
WIDTH, HEIGHT = 100, 16
FRAME_AFTER = 12
"""So many trials have ended in the picture."""


class Recorder:
    """Passes a job's news to the live display and keeps one of its pictures (JobListener)."""

    def __init__(self) -> None:
        self._terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        self._display = LiveDisplay(self._terminal, system_clock)
        self._n_ended = 0
        self._n_running = 0
        self.console = Console(
            record=True, width=WIDTH, height=HEIGHT, file=io.StringIO(), force_terminal=True
        )
        self.is_taken = False

    def tell(self, news: JobNews) -> None:
        """Take up an event."""
        self._display.tell(news)
        if isinstance(news, JobStarted):
            self.console.print(Text(f"$ {COMMAND}"))
        self._n_running += isinstance(news, TrialStarted)
        if isinstance(news, TrialEnded):
            self._n_ended += 1
            self._n_running -= 1

    def tick(self) -> None:
        """Draw, and keep the picture when it is time to."""
        self._display.tick()
        live = self._display._live
        is_time = self._n_ended >= FRAME_AFTER and self._n_running == 2
        if is_time and not self.is_taken and live is not None:
            self.console.print(live.renderable)
            self.is_taken = True

    def close(self) -> None:
        """End the display."""
        self._display.close()


def main() -> None:
    """Run the job in a folder of its own and write the picture."""
    with tempfile.TemporaryDirectory(prefix="wazir-picture-") as folder:
        house = Path(folder) / "house"
        shutil.copytree(EXAMPLE, house, ignore=shutil.ignore_patterns("__pycache__", "wazir-runs"))
        os.chdir(house)
        recorder = Recorder()
        run(recorder)
        os.chdir(DOCS)
    if not recorder.is_taken:
        sys.exit("no picture was taken")
    PICTURE.parent.mkdir(exist_ok=True)
    svg = recorder.console.export_svg(title="wazir tune", unique_id="wazir-tune")
    # Without fonts from a server and the note of the tool: the picture needs no network.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    PICTURE.write_text(re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


def run(recorder: Recorder) -> None:
    """Run the real command, with the recorder in the place of the display."""
    command, _, program = COMMAND.partition(" -- ")
    arguments = [*command.split()[2:], "--seed", SEED, "--", sys.executable, *program.split()[1:]]
    tune_module.listener_for = lambda **_: recorder  # type: ignore[attr-defined]
    tune_module.tune.main(arguments, standalone_mode=False)


if __name__ == "__main__":
    main()
