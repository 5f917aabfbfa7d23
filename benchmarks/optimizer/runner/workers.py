"""Worker processes that take runs from a queue and append their records to a file."""

import multiprocessing
import queue
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers.registry import Peer, find_peer

from runner.host_client import HOST, Host, PeerError
from runner.records import Record, RunSpec, append, done
from runner.session import Problem, run

PythonOf = Callable[[Peer], str]
ProblemNamed = Callable[[str], Problem]


@dataclass(frozen=True)
class Work:
    """What workers need: where results go, interpreters by peer, facts for each record.

    Wazir is imported from the folder `source`. `limit_s` bounds one answer of a host. `play` does a
    run. `load_problem` and everything else must be picklable.
    """

    out: Path
    pythons: dict[str, str]
    load_problem: ProblemNamed
    facts: Record
    source: Path
    limit_s: float = 3600.0
    play: Callable[[RunSpec, Any, Host], Record] = run


class Hosts:
    """The hosts of one worker: those that may fork are kept, the others serve one run."""

    def __init__(self, work: Work, stack: ExitStack) -> None:
        self._work = work
        self._stack = stack
        self._kept: dict[str, Host] = {}

    def do(self, spec: RunSpec, problem: Problem) -> Record:
        """Do a run."""
        peer = find_peer(spec.peer)
        try:
            if not peer.may_fork:
                with self._start(peer) as host:
                    return self._work.play(spec, problem, host)
            if spec.peer not in self._kept:
                self._kept[spec.peer] = self._stack.enter_context(self._start(peer))
            record = self._work.play(spec, problem, self._kept[spec.peer])
        except PeerError as error:  # the host did not even start
            return {
                **vars(spec),
                "category": problem.category,
                "status": "failed",
                "error": str(error),
            }
        if record["status"] == "failed":
            self._kept.pop(spec.peer).close()
        return record

    def _start(self, peer: Peer) -> Host:
        argv = [self._work.pythons[peer.name], str(HOST), peer.name]
        return Host(argv, peer.environment(self._work.source), self._work.limit_s)


def pending_runs(specs: Sequence[RunSpec], out: Path) -> list[RunSpec]:
    """Return the runs that the results do not hold yet; failed ones count as not done."""
    finished = done(out)
    return [spec for spec in specs if spec not in finished]


def work_off(work: Work, specs: Sequence[RunSpec], n_jobs: int) -> Counter[str]:
    """Do runs in `n_jobs` processes and return how many ended how."""
    if n_jobs == 1:
        statuses: queue.Queue[str] = queue.Queue()
        todo: queue.Queue[RunSpec | None] = queue.Queue()
        for spec in [*specs, None]:
            todo.put(spec)
        _work(work, todo, statuses)
        return Counter(statuses.get() for _ in range(statuses.qsize()))
    return _in_processes(work, specs, n_jobs)


def _in_processes(work: Work, specs: Sequence[RunSpec], n_jobs: int) -> Counter[str]:
    context = multiprocessing.get_context("spawn")
    todo, statuses = context.Queue(), context.Queue()
    for spec in [*specs, *[None] * n_jobs]:
        todo.put(spec)
    workers = [context.Process(target=_work, args=(work, todo, statuses)) for _ in range(n_jobs)]
    for worker in workers:
        worker.start()
    counts: Counter[str] = Counter()
    while counts.total() < len(specs):
        try:
            counts[statuses.get(timeout=1.0)] += 1
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers):
                break
    for worker in workers:
        worker.join()
    counts["lost"] += len(specs) - counts.total()
    return +counts


def _work(work: Work, todo: Any, statuses: Any) -> None:
    """Take runs from a queue until it gives None."""
    problems: dict[str, Problem] = {}
    with ExitStack() as stack:
        hosts = Hosts(work, stack)
        while (spec := todo.get()) is not None:
            if spec.problem not in problems:
                problems = {spec.problem: work.load_problem(spec.problem)}
            record = {**hosts.do(spec, problems[spec.problem]), **work.facts}
            append(work.out, record)
            statuses.put(record["status"])
            _say(record)


def _say(record: Record) -> None:
    best = min(record.get("true") or [float("nan")])
    error = record.get("error", "").partition("\n")[0]
    text = (
        f"{time.strftime('%H:%M:%S')} {record['peer']} {record['problem']} seed {record['seed']}"
        f" q {record['pending']}: {record['status']} {error} best {best:.4g}"
        f" in {record.get('wall_s', 0):.1f} s"
    )
    print(text, file=sys.stderr, flush=True)
