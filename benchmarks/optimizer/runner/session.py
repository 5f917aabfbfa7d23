"""One run: an optimizer and a problem, from the first trial to the record."""

import hashlib
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from runner.host_client import Host, PeerError
from runner.records import CHECKPOINTS, Record, RunSpec, rounded


class Problem(Protocol):
    """What a run needs to know of a problem; see `problems.protocol`."""

    @property
    def name(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def space(self) -> list[Any]: ...
    @property
    def default(self) -> dict[str, Any] | None: ...
    @property
    def is_noisy(self) -> bool: ...
    def evaluate(self, params: Any, rng: np.random.Generator) -> float: ...
    def true_value(self, params: Any) -> float: ...


@dataclass(frozen=True)
class Point:
    """A point that an optimizer has suggested, and the CPU seconds that it took."""

    id: int
    params: dict[str, Any]
    cpu_s: float


@dataclass
class Run:
    """A run under way; lists are in the order in which trials ended."""

    spec: RunSpec
    problem: Problem
    host: Host
    rng: np.random.Generator
    observed: list[float] = field(default_factory=list)
    true: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    params: list[dict[str, Any]] = field(default_factory=list)
    recommended: dict[str, float | None] = field(default_factory=dict)
    rss_mb: float = 0.0
    is_exhausted: bool = False
    start_cpu_s: float = 0.0

    def play(self) -> None:
        """Ask, evaluate and tell until the trials are used up; `pending` points at a time."""
        self.start_cpu_s = self.host.request(**self._setup())["cpu_s"]
        waiting: deque[Point] = deque()
        n_asked = 0
        while len(self.true) < self.spec.n_trials:
            while n_asked < self.spec.n_trials and len(waiting) < self.spec.pending:
                point = self._ask()
                if point is None:
                    break
                waiting.append(point)
                n_asked += 1
            if not waiting:
                return
            self._finish(waiting.popleft())

    def _setup(self) -> dict[str, Any]:
        return {
            "op": "start",
            "space": self.problem.space,
            "seed": self.spec.seed,
            "n_trials": self.spec.n_trials,
            "n_pending": self.spec.pending,
            "default": self.problem.default if self.spec.default_first else None,
            "is_noisy": self.problem.is_noisy,
        }

    def _ask(self) -> Point | None:
        answer = self.host.request(op="ask", count=1)
        self.rss_mb = max(self.rss_mb, answer["rss_mb"])
        if not answer["points"]:
            self.is_exhausted = True
            return None
        point = answer["points"][0]
        return Point(point["id"], point["params"], answer["cpu_s"])

    def _finish(self, point: Point) -> None:
        value = float(self.problem.evaluate(point.params, self.rng))
        self.observed.append(value)
        self.true.append(float(self.problem.true_value(point.params)))
        self.params.append(point.params)
        answer = self.host.request(op="tell", id=point.id, value=value)
        self.cpu_s.append(point.cpu_s + answer["cpu_s"])
        if len(self.true) in CHECKPOINTS or len(self.true) == self.spec.n_trials:
            self.recommended[str(len(self.true))] = self._recommend()

    def _recommend(self) -> float | None:
        """Return the true value of what the optimizer would hand over now.

        Without noise that is the best value seen, with noise what the optimizer says, if it does.
        """
        if self.problem.is_noisy:
            params = self.host.request(op="recommend")["params"]
            if params is not None:
                return rounded(float(self.problem.true_value(params)))
        best = int(np.nanargmin(self.observed)) if np.isfinite(self.observed).any() else 0
        return rounded(self.true[best])


def run(spec: RunSpec, problem: Any, host: Host, kind: type[Run] = Run) -> Record:
    """Do a run and return its record; an optimizer's failure is a record too.

    `kind` plays runs on problems that are no single number.
    """
    begin = time.monotonic()
    doing = kind(spec, problem, host, observation_rng(spec))
    error = ""
    try:
        doing.play()
        host.request(op="end")
    except PeerError as failure:
        error = str(failure)
    status = "failed" if error else "exhausted" if doing.is_exhausted else "ok"
    record = {**vars(spec), "category": problem.category, "status": status}
    if error:
        record["error"] = error[:1500]
    return {**record, **_facts(doing), "wall_s": rounded(time.monotonic() - begin, 4)}


def observation_rng(spec: RunSpec) -> np.random.Generator:
    """Return the source of noise: the same for every optimizer at one problem and seed."""
    digest = hashlib.sha256(spec.problem.encode()).digest()
    return np.random.default_rng([spec.seed, int.from_bytes(digest[:4], "little")])


def _facts(doing: Run) -> Record:
    names = [parameter["name"] for parameter in doing.problem.space]
    facts = {
        "versions": doing.host.hello.get("versions", {}),
        "recommended": doing.recommended,
        "true": [rounded(value) for value in doing.true],
        "cpu_s": [rounded(value, 4) for value in doing.cpu_s],
        "rss_mb": rounded(doing.rss_mb, 4),
        "import_cpu_s": rounded(doing.host.hello["import_cpu_s"], 4),
        "start_cpu_s": rounded(doing.start_cpu_s, 4),
        "names": names,
        "params": [[_small(params.get(name)) for name in names] for params in doing.params],
    }
    if doing.problem.is_noisy:
        facts["observed"] = [rounded(value) for value in doing.observed]
    return facts


def _small(value: Any) -> Any:
    return rounded(value) if isinstance(value, float) else value
