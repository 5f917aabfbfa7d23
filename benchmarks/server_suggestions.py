"""How long clients of a server wait: for suggestions, and for small requests beside heavy ones.

The service as a server composes it, without HTTP. First, the time to get a suggestion of the
default algorithm when workers run trials of a fixed duration, with suggestions prepared ahead and
without. Second, how long the renewal of a lease takes while another client asks for something
that needs computing: in the server's own process, as it would be without optimizer processes, and
with them.
"""

import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import measure
from measure import Report, progress, table

measure.make_importable()

from wazir.app.compose import make_service, open_store  # noqa: E402
from wazir.app.serving import open_server_service  # noqa: E402
from wazir.app.settings import StorageLocation  # noqa: E402
from wazir.domain.metrics import Goal, Measurement, Metric  # noqa: E402
from wazir.domain.names import StudyName  # noqa: E402
from wazir.domain.parameters import Categorical, Double, Integer  # noqa: E402
from wazir.domain.space import SearchSpace  # noqa: E402
from wazir.domain.studies import EarlyStopping, StudyConfig  # noqa: E402
from wazir.service.studies import StudyService  # noqa: E402

TRIAL_S = 0.3
PAUSE_S = 0.2
N_PROCESSES = 2
SPACE = SearchSpace(
    {
        **{f"x{i}": Double(0, 1) for i in range(5)},
        "n": Integer(1, 64),
        "kind": Categorical(["a", "b", "c"]),
        "rate": Double(1e-5, 1e-1, scale="log"),
    }
)
CONFIG = StudyConfig(
    SPACE,
    (Metric("loss", Goal.MINIMIZE),),
    algorithm="DEFAULT",
    early_stopping=EarlyStopping.parse("median"),
    seed=1,
)
HEARTBEATS = StudyName("p", "heartbeats")
HEARTBEAT_S = 0.01


def loss(parameters: dict[str, object]) -> float:
    return sum((float(parameters[f"x{i}"]) - 0.3) ** 2 for i in range(5))


def point(rng: random.Random) -> dict[str, object]:
    drawn: dict[str, object] = {f"x{i}": rng.random() for i in range(5)}
    more = {"n": rng.randint(1, 64), "kind": rng.choice("abc"), "rate": 10 ** rng.uniform(-5, -1)}
    return drawn | more


def study_with(service: StudyService, study_id: str, n_trials: int, n_steps: int = 0) -> StudyName:
    """Make a study with so many results, each with so many intermediate ones."""
    name = service.create_study(StudyName("p", study_id), CONFIG).name
    rng = random.Random(1)
    for _ in range(n_trials):
        parameters = point(rng)
        trial = service.add_trial(name, parameters)
        service.suggest_trials(name, 1, "fill")
        steps = [
            Measurement({"loss": loss(parameters) + 1 / step}, step)
            for step in range(1, n_steps + 1)
        ]
        service.add_measurements(name, trial.id, steps)
        done = Measurement({"loss": loss(parameters)})
        service.complete_trial(name, trial.id, measurement=done)
    return name


def waits(
    n_trials: int, n_workers: int, n_each: int, *, pause_s: float, ahead: bool
) -> list[float]:
    """Return how long workers waited for their suggestions, in milliseconds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_server_service(
            StorageLocation(Path(folder) / "wazir.db"),
            n_processes=N_PROCESSES,
            prepares_ahead=ahead,
        ) as server,
    ):
        service = server.service
        name = study_with(service, "s", n_trials)
        service.suggest_trials(name, 1, "warm up")

        def work(worker: int) -> list[float]:
            found = []
            time.sleep(TRIAL_S * worker / n_workers)
            for _ in range(n_each):
                begin = time.perf_counter()
                (trial,) = service.suggest_trials(name, 1, f"w{worker}")
                found.append((time.perf_counter() - begin) * 1000)
                time.sleep(TRIAL_S)
                done = Measurement({"loss": loss(dict(trial.parameters))})
                service.complete_trial(name, trial.id, measurement=done)
                time.sleep(pause_s)
            return found[1:]

        with ThreadPoolExecutor(n_workers) as pool:
            return [ms for found in pool.map(work, range(n_workers)) for ms in found]


def heartbeats_beside(
    service: StudyService, work: Callable[[], object], n_times: int
) -> list[float]:
    """Return how long renewals took while `work` was done so often, in milliseconds."""
    has_ended = threading.Event()
    (trial,) = service.suggest_trials(HEARTBEATS, 1, "alive", lease_s=60)
    found = []

    def run() -> None:
        for _ in range(n_times):
            work()
        has_ended.set()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(run)
        lease_s = 60.0
        while not has_ended.wait(HEARTBEAT_S):
            begin = time.perf_counter()
            # Longer each time, so that each one is written.
            lease_s *= 1.2
            service.renew_lease(HEARTBEATS, trial.id, lease_s=lease_s)
            found.append((time.perf_counter() - begin) * 1000)
            lease_s = 60.0 if lease_s > 1e9 else lease_s
        working.result()
    return found


def heavy_requests(service: StudyService, name: StudyName) -> dict[str, Callable[[], object]]:
    trial = service.suggest_trials(name, 1, "running")[0]
    steps = [Measurement({"loss": 1.0 + 1 / step}, step) for step in range(1, 30)]
    service.add_measurements(name, trial.id, steps)
    n_asked = iter(range(1_000_000))
    return {
        "50 suggestions at once": lambda: service.suggest_trials(name, 50, f"b{next(n_asked)}"),
        "stopping rule `median`": lambda: service.check_stopping(name, trial.id),
        "recommendation": lambda: service.recommend(name),
        "advice": lambda: service.advise(name, 10 + next(n_asked)),
    }


def measured_beside(service: StudyService, n_trials: int) -> dict[str, list[float]]:
    name = study_with(service, "heavy", n_trials, n_steps=30)
    light = StudyConfig(SPACE, CONFIG.metrics, algorithm="RANDOM_SEARCH")
    service.create_study(HEARTBEATS, light)
    found = {"nothing": heartbeats_beside(service, lambda: time.sleep(1), 1)}
    for label, work in heavy_requests(service, name).items():
        work()
        begin = time.perf_counter()
        work()
        n_times = max(1, int(2 / (time.perf_counter() - begin)))
        found[label] = heartbeats_beside(service, work, n_times)
    return found


def spread(values: list[float]) -> list[str]:
    ordered = sorted(values)
    tail = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return [f"{statistics.median(ordered):.1f}", f"{tail:.1f}", f"{ordered[-1]:.1f}"]


def main() -> None:
    """Measure and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--suggestions", type=int, default=16, help="of each worker")
    args = parser.parse_args()
    report = Report("server_suggestions", "How long clients of a server wait", sys.argv[1:])
    rows = []
    for n_trials, n_workers, pause_s, ahead in product(
        (50, 200), (1, 4), (0.0, PAUSE_S), (False, True)
    ):
        progress(f"{n_trials} trials, {n_workers} workers, pause {pause_s}, ahead: {ahead}")
        found = waits(n_trials, n_workers, args.suggestions, pause_s=pause_s, ahead=ahead)
        row = [str(n_trials), str(n_workers), f"{pause_s:g} s", "yes" if ahead else "no"]
        rows.append([*row, *spread(found)])
    report.add(
        f"The default algorithm, 8 mixed parameters, trials of {TRIAL_S:g} s, {N_PROCESSES} "
        f"optimizer processes, {args.suggestions} suggestions of each worker. Milliseconds that "
        "a worker waits for its suggestion, when it asks so long after its last result. (Who asks "
        "at once waits for the suggestion that knows this result, up to 100 ms.)"
    )
    header = ["results", "workers", "asks after", "prepared ahead", "median", "95 %", "longest"]
    report.add(table(header, rows))
    rows = []
    for label, path in (("own process", "own.db"), ("optimizer processes", "processes.db")):
        progress(f"heavy requests in the {label}")
        with tempfile.TemporaryDirectory() as folder:
            location = StorageLocation(Path(folder) / path)
            if label == "own process":
                store = open_store(location, create=True)
                found = measured_beside(make_service(store), 200)
                store.close()
            else:
                with open_server_service(location, n_processes=N_PROCESSES) as server:
                    found = measured_beside(server.service, 200)
        rows += [[what, label, *spread(values)] for what, values in found.items()]
    report.add(
        "Milliseconds that the renewal of a lease takes while another client asks for something "
        "again and again, in a study of 200 results with 30 measurements each."
    )
    report.add(table(["beside", "computed in", "median", "95 %", "longest"], sorted(rows)))
    report.publish(write=args.write)


if __name__ == "__main__":
    main()
