"""The optimizers of the benchmark: where each is adapted, what it needs, how it is set up."""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2]
SOURCE = BENCHMARKS.parent / "src"
# One core for everybody, and the same BLAS as a user's.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Peer:
    """An optimizer.

    `requirements` is a file in `benchmarks/peers`, without its ending. `distributions` are those
    whose versions a result names. `may_fork`: a run is a fork of a process that has the library
    loaded already; libraries with threads of their own get a new process for each run. `choice`
    says which of a module's optimizers it is. `takes_constraints`: it is given constraints on
    parameters as expressions; others are told of each point how far it is beyond them.
    """

    name: str
    title: str
    module: str
    requirements: str
    distributions: tuple[str, ...]
    setting: str
    may_fork: bool = True
    choice: str = ""
    takes_constraints: bool = False

    @property
    def requirements_file(self) -> Path:
        """The file of pinned requirements."""
        return BENCHMARKS / "peers" / f"{self.requirements}.txt"

    def environment(self, source: Path = SOURCE) -> dict[str, str]:
        """Return the environment variables of its process: one thread, no interpreter settings.

        Wazir is imported from the folder `source`.
        """
        left_out = ("PYTHON", "WAZIR_STORAGE")
        kept = {name: it for name, it in os.environ.items() if not name.startswith(left_out)}
        extra = {"PYTHONPATH": str(source)} if self.requirements == "wazir" else {}
        return {**kept, **ONE_THREAD, **extra}


def find_peer(name: str) -> Peer:
    """Return the optimizer of a name.

    `wazir:NAME` is Wazir with another algorithm, `ablation:NAME` a variant of its default.

    Raises:
        KeyError: there is none of that name.
    """
    base, _, algorithm = name.partition(":")
    if base not in PEERS or (algorithm and base not in ("wazir", "ablation")):
        raise KeyError(f"no optimizer has the name {name!r}; there are {', '.join(PEERS)}")
    return dataclasses.replace(PEERS[base], name=name, choice=algorithm or PEERS[base].choice)


_KNOWN = (
    Peer(
        "wazir",
        "Wazir",
        "peers.wazir",
        "wazir",
        ("wazir", "numpy", "scipy"),
        "`create_study(...)`, study in memory, the default as the parameters' defaults",
        takes_constraints=True,
    ),
    Peer(
        "ablation",
        "a variant of Wazir's Gaussian-process bandit",
        "peers.ablation",
        "wazir",
        ("wazir", "numpy", "scipy"),
        "the bandit alone, one setting changed; the default as the parameters' defaults",
        choice="as_it_is",
    ),
    Peer(
        "random",
        "random search",
        "peers.simple",
        "problems",
        ("numpy",),
        "uniform in each parameter's scale",
        choice="random",
    ),
    Peer(
        "sobol",
        "Sobol points",
        "peers.simple",
        "problems",
        ("scipy",),
        "`scipy.stats.qmc.Sobol`, scrambled",
        choice="sobol",
    ),
    Peer(
        "grid",
        "grid",
        "peers.simple",
        "problems",
        ("numpy",),
        "the largest full grid that fits the budget, in random order; then random search",
        choice="grid",
    ),
    Peer(
        "optuna_tpe",
        "Optuna TPE",
        "peers.optuna",
        "optuna",
        ("optuna", "numpy"),
        "`TPESampler()`, `enqueue_trial` for the default",
        choice="tpe",
    ),
    Peer(
        "optuna_gp",
        "Optuna GPSampler",
        "peers.optuna",
        "optuna_samplers",
        ("optuna", "torch", "scipy"),
        "`GPSampler()`, `enqueue_trial` for the default",
        may_fork=False,
        choice="gp",
    ),
    Peer(
        "optuna_auto",
        "OptunaHub AutoSampler",
        "peers.optuna",
        "optuna_samplers",
        ("optuna", "optunahub", "torch", "scipy"),
        "`AutoSampler()` of the hub's registry, `enqueue_trial` for the default",
        may_fork=False,
        choice="auto",
    ),
    Peer(
        "optuna_cmaes",
        "Optuna CMA-ES",
        "peers.optuna",
        "optuna_samplers",
        ("optuna", "cmaes", "numpy"),
        "`CmaEsSampler()`, `enqueue_trial` for the default",
        choice="cmaes",
    ),
    Peer(
        "optuna_nsga2",
        "Optuna NSGA-II",
        "peers.optuna",
        "optuna",
        ("optuna", "numpy"),
        "`NSGAIISampler()`, `enqueue_trial` for the default",
        choice="nsga2",
    ),
    Peer(
        "nevergrad",
        "Nevergrad NGOpt",
        "peers.nevergrad",
        "nevergrad",
        ("nevergrad", "numpy"),
        "`NGOpt` with budget and workers, `suggest` for the default, whole numbers for discrete "
        "ones, `Choice` of `Dict`s for branches",
    ),
    Peer(
        "hyperopt",
        "Hyperopt TPE",
        "peers.hyperopt",
        "hyperopt",
        ("hyperopt", "numpy"),
        "`tpe.suggest`, the default as `fmin` does it with `points_to_evaluate`",
    ),
    Peer(
        "skopt",
        "scikit-optimize",
        "peers.skopt",
        "skopt",
        ("scikit-optimize", "scikit-learn", "numpy"),
        "`Optimizer` with its defaults (GP, `gp_hedge`), the default as `x0`; points that wait "
        "get the smallest value as a lie, as in its batches",
    ),
    Peer(
        "smac",
        "SMAC3",
        "peers.smac",
        "smac",
        ("smac", "ConfigSpace", "scikit-learn"),
        "hyperparameter optimization facade, `deterministic` only without noise, the default in "
        "the initial design",
    ),
    Peer(
        "hebo",
        "HEBO",
        "peers.hebo",
        "hebo",
        ("HEBO", "torch", "GPy"),
        "`HEBO` with its defaults, the default told as an observation",
        may_fork=False,
    ),
    Peer(
        "ax",
        "Ax",
        "peers.ax",
        "ax",
        ("ax-platform", "botorch", "torch"),
        "`Client` with its default generation strategy, the default by `attach_trial`",
        may_fork=False,
    ),
    Peer(
        "vizier",
        "OSS Vizier GP_UCB_PE",
        "peers.vizier",
        "vizier",
        ("google-vizier", "jax"),
        "`VizierGPUCBPEBandit` with its defaults and 64-bit floats, the default told as an "
        "observation",
        may_fork=False,
    ),
)
PEERS: dict[str, Peer] = {peer.name: peer for peer in _KNOWN}
