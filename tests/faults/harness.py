"""What the fault tests share: a job in a folder of its own, its runner, journal and processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import wazir
from wazir.domain.metrics import Measurement
from wazir.domain.names import parse_study_name
from wazir.domain.studies import Study
from wazir.domain.trials import Trial, TrialState
from wazir.storage.sqlite.store import SqliteStore

SOURCE = Path(wazir.__file__).resolve().parents[1]
PROGRAMS = Path(__file__).parent / "programs"
MARKER = "WAZIR_FAULT_TEST"
SUPERVISOR = "wazir.jobs.supervisor"


def wait_until(holds: Callable[[], object], what: str, timeout_s: float = 30.0) -> None:
    """Wait until something holds, and fail with its name if it does not."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"in {timeout_s} s this never came true: {what}"
        time.sleep(0.01)


@dataclass(frozen=True)
class Note:
    """One line of the journal that the programs keep themselves."""

    event: str
    trial: int
    attempt: int
    fields: Mapping[str, object]


@dataclass(frozen=True)
class Journal:
    """What the programs say they did."""

    path: Path

    def notes(self, event: str | None = None, trial: int | None = None) -> list[Note]:
        """Return the notes in the order of writing."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        records = [json.loads(line) for line in lines]
        return [
            Note(record["event"], record["trial"], record["attempt"], record)
            for record in records
            if event in (None, record["event"]) and trial in (None, record["trial"])
        ]

    def count(self, event: str) -> Counter[int]:
        """Return how often each trial had an event."""
        return Counter(note.trial for note in self.notes(event))

    def steps(self, trial: int, attempt: int) -> dict[int, float]:
        """Return the values that one attempt printed."""
        return {
            int(str(note.fields["step"])): float(str(note.fields["value"]))
            for note in self.notes("step", trial)
            if note.attempt == attempt
        }


@dataclass
class Runner:
    """One process of `wazir tune`; its output goes to files, so that nobody needs to read it."""

    process: subprocess.Popen[bytes]
    out_path: Path
    err_path: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def out(self) -> str:
        return self.out_path.read_text(errors="replace")

    @property
    def err(self) -> str:
        return self.err_path.read_text(errors="replace")

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> bool:
        """Kill it with SIGKILL; return whether it still ran."""
        self.process.kill()
        return self.process.wait() == -signal.SIGKILL

    def interrupt(self) -> None:
        """Send what Ctrl-C sends: SIGINT to the whole foreground group of the terminal."""
        os.killpg(self.pid, signal.SIGINT)

    def wait(self, timeout_s: float = 60.0) -> int:
        """Return its exit code; no end and a traceback are failures."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"no end in {timeout_s} s:\n{self.out}\n{self.err}") from None
        assert "Traceback" not in self.out + self.err, self.out + self.err
        return code


@dataclass
class Job:
    """A tuning job: where it runs, with which flags, and what is left of it.

    `folder` is where the runner works, and `seen` the same folder as this process sees it.
    `prefix` is put in front of each command, to run it with fewer rights or elsewhere. With
    `crash` runners kill themselves: see programs/crashing.py.
    """

    folder: Path
    journal: Journal
    logs: Path
    seen: Path
    prefix: tuple[str, ...] = ()
    n_trials: int = 6
    n_parallel: int = 2
    flags: Sequence[str] = ()
    program: Sequence[str] = ("worker.py",)
    env: Mapping[str, str] = field(default_factory=dict)
    crash: Sequence[str] = ()
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)
    runners: list[Runner] = field(default_factory=list)

    def command(self) -> list[str]:
        """Return the command line of the runner."""
        name, *arguments = self.program
        trainer = [sys.executable, "-I", "-S", str(PROGRAMS / name), *arguments]
        limits = ["--trials", str(self.n_trials), "--parallel", str(self.n_parallel)]
        space = ["--minimize", "loss", "-p", "x=0.0..1.0", "--algorithm", "random", "--seed", "7"]
        return ["tune", *space, *limits, "--study", "job", *self.flags, "--", *trainer]

    def environment(self) -> dict[str, str]:
        """Return the variables of all processes of this job."""
        own = {
            MARKER: self.marker,
            "FAULT_JOURNAL": str(self.journal.path),
            "FAULT_TRIALS": "",
            "PYTHONPATH": str(SOURCE),
        }
        return {**os.environ, **own, **self.env}

    def start(self, *, terminal: int | None = None) -> Runner:
        """Start a runner; with `terminal` on that one, else with its output in files."""
        number = len(self.runners) + 1
        crashing = (str(PROGRAMS / "crashing.py"), *self.crash)
        launcher = crashing if self.crash else ("-m", "wazir")
        words = [*self.prefix, sys.executable, *launcher, *self.command()]
        if terminal is not None:
            words = [sys.executable, "-I", "-S", str(PROGRAMS / "on_terminal.py"), *words]
        out, err = self.logs / f"runner-{number}.out", self.logs / f"runner-{number}.err"
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = subprocess.Popen(
                words,
                cwd=self.folder if self.folder.exists() else "/",
                env=self.environment(),
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=out_file if terminal is None else terminal,
                stderr=err_file if terminal is None else terminal,
                start_new_session=True,
            )
        self.runners.append(Runner(process, out, err))
        return self.runners[-1]

    def run(self, timeout_s: float = 60.0) -> int:
        """Run a runner to its end and return its exit code."""
        return self.start().wait(timeout_s)

    def wazir(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command of Wazir in the job's folder."""
        return subprocess.run(
            [*self.prefix, sys.executable, "-m", "wazir", *words],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    @property
    def database(self) -> Path:
        return self.seen / "wazir-runs" / "wazir.db"

    @contextmanager
    def _store(self) -> Iterator[SqliteStore]:
        """Give the store; of another mount name space a copy, because SQLite resolves links."""
        database = self.database
        if self.seen != self.folder:
            database = self.logs / "copy" / "wazir.db"
            shutil.rmtree(database.parent, ignore_errors=True)
            database.parent.mkdir()
            for path in self.database.parent.glob("wazir.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, database.parent)
        store = SqliteStore(database)
        try:
            yield store
        finally:
            store.close()

    def study(self) -> Study:
        """Return the stored study."""
        with self._store() as store:
            return store.study(parse_study_name("job"))

    def stored(self) -> tuple[dict[int, Trial], dict[int, list[Measurement]]]:
        """Return the stored trials and their measurements by id; none before there is a study."""
        if not self.database.exists():
            return {}, {}
        name = parse_study_name("job")
        with self._store() as store:
            if name not in [study.name for study in store.studies(name.project_id)]:
                return {}, {}
            _, trials = store.trials(name)
            return {t.id: t for t in trials}, store.measurements(name, [t.id for t in trials])

    def trials(self) -> dict[int, Trial]:
        """Return the stored trials by id."""
        return self.stored()[0]

    def states(self) -> list[str]:
        """Return the states of the trials in order."""
        return [str(trial.state) for trial in self.trials().values()]

    def attempt_dir(self, trial: int, attempt: int) -> Path:
        """Return the folder of an attempt, as this process sees it."""
        return self.seen / f"wazir-runs/job/trials/{trial}/attempts/{attempt}"

    def processes(self, part: str = "") -> dict[int, str]:
        """Return the living processes of this job whose command line has `part`."""
        found = {}
        wanted = f"{MARKER}={self.marker}".encode()
        for name in os.listdir("/proc"):
            try:
                if name.isdecimal() and wanted in Path(f"/proc/{name}/environ").read_bytes():
                    text = Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(name)] = text.decode(errors="replace")
            except OSError:
                continue
        return {pid: text for pid, text in found.items() if part in text}

    def programs(self) -> dict[int, str]:
        """Return the living processes of trials."""
        # The program's command line is also the end of the runner's.
        return {pid: t for pid, t in self.processes(str(PROGRAMS)).items() if " tune " not in t}

    def kill(self, part: str = "") -> int:
        """Kill all processes of this job whose command line has `part`; return how many."""
        victims = self.processes(part)
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for runner in self.runners:
            if runner.pid in victims:
                runner.process.wait()
        return len(victims)

    def wait_for_note(self, event: str, n: int = 1, trial: int | None = None) -> None:
        """Wait until the journal has `n` notes of an event."""
        wait_until(lambda: len(self.journal.notes(event, trial)) >= n, f"{n} notes of {event}")

    def check_no_process_left(self, timeout_s: float = 5.0) -> None:
        """Fail if a process of this job is left after a moment."""
        try:
            wait_until(lambda: not self.processes(), "no process is left", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.processes()}") from None

    def check_results(self) -> None:
        """Fail unless the store says of each trial that succeeded just what its program said."""
        trials, measurements = self.stored()
        for trial in trials.values():
            if trial.state is not TrialState.SUCCEEDED:
                continue
            printed = self.journal.steps(trial.id, trial.attempt)
            kept = {m.step: m.metrics["loss"] for m in measurements[trial.id]}
            assert kept == printed, f"trial {trial.id}"
            assert trial.final_measurement is not None
            assert trial.final_measurement.metrics["loss"] == printed[max(printed)]

    def check_complete(self, *, n_starts: int = 1) -> None:
        """Fail unless all trials succeeded, with ids 1 to n, each ended once by its program.

        None may have been started more than `n_starts` times.
        """
        trials = self.trials()
        assert list(trials) == list(range(1, self.n_trials + 1))
        assert {trial.state for trial in trials.values()} == {TrialState.SUCCEEDED}
        ended = Counter((note.trial, note.attempt) for note in self.journal.notes("end"))
        assert all(ended[trial.id, trial.attempt] == 1 for trial in trials.values()), ended
        # An attempt that was stopped may have come to its last line before.
        assert n_starts > 1 or len(ended) == self.n_trials, ended
        assert all(n <= n_starts for n in self.journal.count("start").values())
        self.check_results()

    def clean_up(self) -> None:
        """Leave nothing behind, however a test ended."""
        self.kill()
        for runner in self.runners:
            runner.process.wait()
