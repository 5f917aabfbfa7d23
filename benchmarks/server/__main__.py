"""A server under load; see README.md. Each part is run by itself: load, gp, growth, peers, heartbeats."""

import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import measure
from environments import environment
from measure import Report, progress, table

from server.processes import Server

measure.make_importable()

from wazir.client.http.transport import connect_http  # noqa: E402
from wazir.domain.metrics import Goal, Measurement, Metric  # noqa: E402
from wazir.domain.names import StudyName  # noqa: E402
from wazir.domain.parameters import Double  # noqa: E402
from wazir.domain.space import SearchSpace  # noqa: E402
from wazir.domain.studies import Study, StudyConfig  # noqa: E402
from wazir.domain.trials import Trial, TrialState  # noqa: E402
from wazir.storage.sqlite.store import SqliteStore  # noqa: E402

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"
RANDOM = "RANDOM_SEARCH"
SPACE = SearchSpace({f"x{i}": Double(0, 1) for i in range(4)})


def config(algorithm: str) -> StudyConfig:
    return StudyConfig(SPACE, (Metric("loss", Goal.MINIMIZE),), algorithm=algorithm, seed=1)


def start_wazir(folder: Path, *arguments: str) -> Server:
    argv = [*measure.wazir_command(), "serve", "--port", "0", "--grpc-port", "0", *arguments]
    return Server.start(argv, folder, measure.wazir_environment(), until=" at ")


def grpc_place(server: Server) -> str:
    assert server.process.stdout is not None
    return server.process.stdout.readline().split(" at ")[1].split()[0]


def run_workers(commands: Sequence[Sequence[str]], env: dict[str, str]) -> list[dict[str, object]]:
    """Run workers at once; return what each printed."""
    workers = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        for command in commands
    ]
    answers = []
    for worker in workers:
        out, _ = worker.communicate()
        if worker.returncode:
            raise RuntimeError(f"a worker ended with {worker.returncode}")
        answers.append(json.loads(out.splitlines()[-1]))
    return answers


def fill(database: Path, name: StudyName, study_config: StudyConfig, n_trials: int) -> None:
    """Make a study with trials that have ended, in the database itself."""
    store, rng = SqliteStore(database), random.Random(n_trials)
    store.create_study(Study(name, study_config, created_at=1.0))
    for start in range(0, n_trials, 5_000):
        with store.write(name) as writer:
            for _ in range(min(5_000, n_trials - start)):
                point = {key: rng.random() for key in SPACE.parameters}
                writer.insert_trial(
                    Trial(
                        writer.last_trial_id + 1,
                        point,
                        TrialState.SUCCEEDED,
                        final_measurement=Measurement({"loss": sum(point.values())}),
                        created_at=1.0,
                        completed_at=2.0,
                        created_revision=writer.revision,
                        completed_revision=writer.revision,
                    )
                )
    store.close()


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def milliseconds(values: Sequence[float]) -> str:
    return " / ".join(f"{1000 * percentile(values, share):.0f}" for share in (0.5, 0.99))


def load(
    title: str, n_workers: int, n_studies: int, n_pairs: int, algorithm: str, n_before: int
) -> list[str]:
    """Return a row: many workers on several studies over HTTP."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "wazir-runs" / "wazir.db"
        database.parent.mkdir()
        studies = [f"s{i}" for i in range(n_studies)]
        for study in studies:
            fill(database, StudyName("default", study), config(algorithm), n_before)
        server = start_wazir(Path(folder))
        connect_http(server.place).studies("default")
        before = server.cpu_s()
        argv = [sys.executable, str(HERE / "http_worker.py"), server.place]
        commands = [[*argv, str(i), str(n_pairs), *studies] for i in range(n_workers)]
        answers = run_workers(commands, measure.wazir_environment())
        cpu_s, memory_mb = server.cpu_s() - before, server.memory_mb()
        server.end()
        n_wrong = count_wrong(database, studies, answers, n_before)
    n_done = n_workers * n_pairs
    suggest = [s for answer in answers for s in answer["suggest_s"]]
    complete = [s for answer in answers for s in answer["complete_s"]]
    return [
        title,
        str(n_done),
        str(n_wrong),
        milliseconds(suggest),
        milliseconds(complete),
        f"{1000 * cpu_s / n_done:.1f}",
        f"{memory_mb:.0f}",
    ]


def count_wrong(
    database: Path, studies: Sequence[str], answers: Sequence[dict[str, object]], n_before: int
) -> int:
    """Return how many trials were lost, given twice, or are not completed."""
    store, n_wrong = SqliteStore(database), 0
    for study in studies:
        told = [one for answer in answers for one in answer["done"][study]]
        _, trials = store.trials(StudyName("default", study), states=[TrialState.SUCCEEDED])
        stored = {trial.id for trial in trials if trial.id > n_before}
        n_wrong += len(told) - len(set(told)) + len(stored ^ set(told))
    store.close()
    return n_wrong


def growth() -> list[list[str]]:
    """Return rows: CPU of the server per suggestion and completion by the size of the study."""
    rows = []
    for n_trials in (100, 10_000, 100_000):
        progress(f"growth: {n_trials} trials")
        row = load(f"{n_trials:,} trials", 2, 1, 150, "RANDOM_SEARCH", n_trials)
        rows.append([row[0], row[5], row[6], row[3], row[4]])
    return rows


def peers(n_workers: int, n_pairs: int, algorithm: str, n_rounds: int) -> list[list[str]]:
    """Return rows: servers with the same workers and algorithm; rounds in turn.

    Optuna's sampler runs in the client, so its proxy is there with random search alone.
    """
    vizier = str(environment(PEERS / "vizier.txt"))
    optuna = str(environment(PEERS / "optuna_grpc.txt"))
    plain = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home())}
    found: dict[str, list[tuple[float, float, list[float]]]] = {}

    def measure_one(
        name: str, start: Callable[[Path], tuple[Server, str]], worker: list[str]
    ) -> None:
        progress(f"peers: {name}")
        with tempfile.TemporaryDirectory() as folder:
            server, place = start(Path(folder))
            try:
                argv = [worker[0], str(HERE / worker[1]), place]
                # One round first: what is loaded at the first request is not counted.
                run_workers([[*argv, "99", "2", *worker[2:]]], plain)
                before = server.cpu_s()
                commands = [[*argv, str(i), str(n_pairs), *worker[2:]] for i in range(n_workers)]
                answers = run_workers(commands, plain)
                cpu_s, memory_mb = server.cpu_s() - before, server.memory_mb()
            finally:
                server.end()
        pairs = [s for answer in answers for s in answer["pair_s"]]
        found.setdefault(name, []).append((cpu_s / len(pairs), memory_mb, pairs))

    def wazir(folder: Path) -> tuple[Server, str]:
        server = start_wazir(folder)
        return server, grpc_place(server)

    def peer(script: str, python: str) -> Callable[[Path], tuple[Server, str]]:
        def start(folder: Path) -> tuple[Server, str]:
            argv = [python, str(HERE / script), str(folder / "peer.db")]
            server = Server.start(argv, folder, plain, until=" at ")
            return server, server.place

        return start

    runs = [
        lambda: measure_one("Wazir", wazir, [vizier, "vizier_worker.py", algorithm]),
        lambda: measure_one(
            "OSS Vizier",
            peer("vizier_server.py", vizier),
            [vizier, "vizier_worker.py", algorithm],
        ),
        lambda: measure_one(
            "Optuna's proxy", peer("optuna_server.py", optuna), [optuna, "optuna_worker.py"]
        ),
    ]
    if algorithm != RANDOM:
        runs.pop()
    measure.alternating(n_rounds, runs)
    base = [cpu for cpu, _, _ in found["Wazir"]]
    rows = []
    for name, results in found.items():
        cpus = [1000 * cpu for cpu, _, _ in results]
        ratios = [cpu / mine for (cpu, _, _), mine in zip(results, base, strict=True)]
        rows.append(
            [
                name,
                measure.spread(cpus, "{:.2f}"),
                measure.spread(ratios, "{:.1f}"),
                f"{statistics.median(memory for _, memory, _ in results):.0f}",
                milliseconds([s for _, _, pairs in results for s in pairs]),
            ]
        )
    return rows


def heartbeats(storage: str | None, n_clients: int, duration_s: int) -> list[str]:
    """Return a row: clients that hold a trial each by renewing leases, in 4 processes."""
    with tempfile.TemporaryDirectory() as folder:
        server = start_wazir(Path(folder), *([] if storage is None else ["--storage", storage]))
        transport = connect_http(server.place)
        studies = [f"beat{i}" for i in range(20)]
        for study in studies:
            transport.create_study(StudyName("default", study), config("RANDOM_SEARCH"))
        before = server.cpu_s()
        argv = [sys.executable, str(HERE / "heartbeat_worker.py"), server.place]
        share = n_clients // 4
        commands = [
            [*argv, str(i * share), str(share), str(duration_s), *studies] for i in range(4)
        ]
        answers = run_workers(commands, measure.wazir_environment())
        cpu_s, memory_mb = server.cpu_s() - before, server.memory_mb()
        for study in studies:
            transport.delete_study(StudyName("default", study))
        server.end()
    latencies = [s for answer in answers for s in answer["latencies"]]
    sums = {
        key: sum(int(answer[key]) for answer in answers)
        for key in ("completed", "refused", "lost")
    }
    return [
        "PostgreSQL" if storage else "SQLite",
        str(len(latencies)),
        f"{sums['completed']} of {4 * share}",
        str(sums["refused"]),
        str(sums["lost"]),
        milliseconds(latencies),
        f"{1000 * cpu_s / len(latencies):.2f}",
        f"{memory_mb:.0f}",
    ]


LOAD_HEADER = [
    "", "pairs", "lost, doubled", "suggest, ms (median / p99)", "complete, ms",
    "server CPU ms per pair", "memory, MB",
]  # fmt: skip


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument(
        "parts", nargs="*", default=["load", "gp", "growth", "peers", "heartbeats"]
    )
    parser.add_argument("--postgres", help="storage for the heartbeats, besides SQLite")
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--peer-workers", type=int, default=4)
    parser.add_argument("--peer-pairs", type=int, default=150)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    for part in args.parts:
        report = Report(
            f"server_{part}", f"The server: {part}", [part], command="benchmarks/server"
        )
        add_part(report, part, args)
        report.publish(write=args.write)


def add_part(report: Report, part: str, args: object) -> None:
    options = vars(args)
    if part == "load":
        title = f"{options['workers']} processes, 20 studies, random search"
        row = load(title, options["workers"], 20, options["pairs"], "RANDOM_SEARCH", 0)
        report.add(table(LOAD_HEADER, [row]))
    elif part == "gp":
        row = load("8 processes, 4 studies with 200 trials, default", 8, 4, 10, "DEFAULT", 200)
        report.add(table(LOAD_HEADER, [row]))
    elif part == "growth":
        header = [
            "study with",
            "server CPU ms per pair",
            "memory, MB",
            "suggest, ms",
            "complete, ms",
        ]
        report.add(table(header, growth()))
    elif part in ("peers", "gp_peers"):
        header = [
            "server", "server CPU ms per pair", "times Wazir's", "memory, MB", "pair, ms (median / p99)",
        ]  # fmt: skip
        rows = (
            peers(options["peer_workers"], options["peer_pairs"], RANDOM, 3)
            if part == "peers"
            else peers(1, 5, "DEFAULT", 1)
        )
        report.add(table(header, rows))
    elif part == "heartbeats":
        header = [
            "database", "renewals", "completed", "refused", "leases lost", "renewal, ms (median / p99)",
            "server CPU ms per renewal", "memory, MB",
        ]  # fmt: skip
        places = [None, *([options["postgres"]] if options["postgres"] else [])]
        rows = [heartbeats(place, options["clients"], options["seconds"]) for place in places]
        report.add(table(header, rows))
    else:
        raise SystemExit(f"there is no part {part!r}")


main()
