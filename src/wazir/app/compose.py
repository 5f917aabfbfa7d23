"""Putting the parts together: a storage, the service on it, and handles for Python users."""

import os
import secrets
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from wazir.analysis.advice import Improvements, advise
from wazir.analysis.recommendation import PosteriorOf, recommend
from wazir.app.blas import OneThread
from wazir.app.clock import system_clock
from wazir.app.owners import PYTHON_CLIENT, LocalOwners, new_client_ids
from wazir.app.progress import ProgressBar
from wazir.app.registry import AlgorithmRegistry, algorithm_notes, canonical_name
from wazir.app.settings import (
    TOKEN_VARIABLE,
    StorageLocation,
    ensure_runs_folder,
    named_study,
    storage_location,
)
from wazir.app.stopping_rules import make_rule
from wazir.client.study import Study
from wazir.domain.constraints import Constraint
from wazir.domain.errors import InvalidInputError, NotFoundError, StorageError
from wazir.domain.hints import did_you_mean
from wazir.domain.metrics import Goal, Metric, with_references
from wazir.domain.parameters import Parameter, ParameterValue
from wazir.domain.safety import Limits, with_limits
from wazir.domain.space import SearchSpace
from wazir.domain.stop_conditions import with_auto_stop, with_stop_conditions
from wazir.domain.studies import EarlyStopping, ObservationNoise, StudyConfig
from wazir.domain.studies import Study as StoredStudy
from wazir.service.analysing import LocalAnalyst
from wazir.service.local import local_service
from wazir.service.patience import patient
from wazir.service.snapshots import SnapshotReader
from wazir.service.studies import StudyService
from wazir.service.transport import Transport
from wazir.storage.protocol import Store

StorageArgument: TypeAlias = str | os.PathLike[str] | None


def open_store(location: StorageLocation, *, create: bool) -> Store:
    """Open a database, or one in memory.

    Raises:
        NotFoundError: it is not there and `create` is false.
        StorageError: it cannot be opened.
    """
    if location.server:
        raise InvalidInputError(
            f"a database is wanted here, got the address of a server: {location}",
            hint="name the database that the server has",
        )
    if location.database:
        return _postgres_store(location, create=create)
    if location.path is None:
        from wazir.storage.memory import MemoryStore  # noqa: PLC0415 - one of three

        return MemoryStore()
    if not create and not location.path.exists():
        raise NotFoundError(
            f"there is no database {location.path}",
            hint="run `wazir tune` or create_study here first, or name another place "
            "with --storage (storage= in Python)",
        )
    if create:
        ensure_runs_folder(location)
    from wazir.storage.sqlite.store import SqliteStore  # noqa: PLC0415 - one of three

    return SqliteStore(location.path)


def _postgres_store(location: StorageLocation, *, create: bool) -> Store:
    try:
        from wazir.storage.postgres.store import PostgresStore  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise StorageError(
            f"PostgreSQL needs psycopg, which cannot be loaded here ({error})",
            hint='pip install "wazir[postgres]"',
        ) from None
    return PostgresStore(location.database, create=create, shown=location.shown)


def make_service(store: Store) -> StudyService:
    """Return the service on a store, with the system's clock and the known algorithms."""
    return local_service(
        store,
        new_algorithms=AlgorithmRegistry,
        clock=system_clock,
        owners=LocalOwners(),
        rule_of=make_rule,
        canonical_name=canonical_name,
        recommend=_recommend,
        advise=_advise,
    )


def local_analyst(store: Store, snapshots: SnapshotReader) -> LocalAnalyst:
    """Return what computes analyses in this process."""
    return LocalAnalyst(
        store,
        snapshots,
        clock=system_clock,
        rule_of=make_rule,
        recommend=_recommend,
        advise=_advise,
    )


def _posterior() -> "PosteriorOf":
    from wazir.analysis.posterior import posterior_of  # noqa: PLC0415 - numpy

    return posterior_of


def _improvements() -> "Improvements":
    from wazir.analysis.rollout import improvements  # noqa: PLC0415 - numpy

    return improvements


_recommend = partial(recommend, posterior_of=OneThread(_posterior))
_advise = partial(advise, improvements=OneThread(_improvements))


def connect(storage: StorageArgument = None, *, create: bool = False) -> Transport:
    """Return the service on the storage that a URL names."""
    return connect_to(storage_location(storage), create=create)


def connect_to(location: StorageLocation, *, create: bool) -> Transport:
    """Return the service on a storage; that of a server is reached over HTTP.

    Raises:
        NotFoundError: there is no database, and `create` is false.
        StorageError: it cannot be opened.
    """
    if location.server:
        from wazir.client.http.transport import connect_http  # noqa: PLC0415 - one of two

        if create:
            ensure_runs_folder(location)
        return connect_http(location.server, token=os.environ.get(TOKEN_VARIABLE, ""))
    service = make_service(open_store(location, create=create))
    if not location.database:
        return service
    if create:
        ensure_runs_folder(location)
    return patient(service)


def create_study(  # noqa: PLR0913 - all but the name are optional keywords
    name: str,
    *,
    parameters: Mapping[str, Parameter],
    minimize: str | Sequence[str] | None = None,
    maximize: str | Sequence[str] | None = None,
    reference: Mapping[str, float] | None = None,
    safe: Limits = (),
    noise: str | ObservationNoise | None = None,
    beliefs: Mapping[str, ParameterValue] | None = None,
    algorithm: str = "DEFAULT",
    early_stopping: str | EarlyStopping | None = None,
    stop_when: str | Sequence[str] = (),
    constraints: str | Sequence[str] = (),
    fidelity: str | None = None,
    prior_studies: str | Sequence[str] = (),
    auto_stop: bool | float = False,
    min_improvement: float | None = None,
    seed: int | None = None,
    storage: StorageArgument = None,
) -> Study:
    """Create a study, or load the one of that name with the same definition.

    Args:
        name: letters, digits, `_`, `-` and `.`; unique in the storage.
        parameters: the search space, for example {"C": Double(1e-3, 1e3, scale="log")}.
        minimize: metric or metrics to make small.
        maximize: metric or metrics to make large; those to make small lead.
        reference: of several objectives the worst value that is of any use, by metric, such as
            {"latency": 100}; what is left out is chosen from the results.
        safe: limits that results must keep, such as "latency<=100" or {"recall": ">=0.8"}; the
            objective reports these metrics too. See docs/how-to/safety-metrics.md.
        noise: "high" or "low": how much a metric differs when a trial is run again; by default
            it is learnt.
        beliefs: values of some parameters near which you expect the best, such as {"lr": 1e-3}.
        algorithm: DEFAULT, GP_BANDIT, TPE, CMA_ES, NSGA2, REGULARIZED_EVOLUTION, RANDOM_SEARCH,
            GRID_SEARCH or QUASI_RANDOM_SEARCH. For a name of OSS Vizier's that is not here the
            nearest one is taken, with a warning.
        early_stopping: the rule that `Trial.should_stop` asks, by name and with options as in
            "median" or "patience:n=5"; None for none. See docs/reference/stopping.md.
        stop_when: when to make no more trials, such as "no improvement in 20 trials" or "after 2h".
        constraints: conditions on the parameters that every trial fulfils, such as
            "n_layers * width <= 4096". See docs/reference/space.md.
        fidelity: the parameter that is a trial's budget, such as a number of epochs. Trials begin
            with a small one and are paused; the rule (`asha` by default, or `hyperband`) says which
            of them go on with a larger one. See docs/how-to/budgets.md.
        prior_studies: earlier studies of the same storage to learn from, by name: their trials
            that have ended by now.
        auto_stop: make no more trials when it is not worth it: True when an improvement by
            10 more trials has a probability below 0.05, or a probability of your own. See
            docs/how-to/when-to-stop-tuning.md.
        min_improvement: which improvement of the first metric matters, in its units; by default
            a hundredth of the distance between the best and the median value. With several
            metrics it is a share of the hypervolume, by default 0.01.
        seed: makes the suggestions repeatable, in [0, 2**63); by default drawn at random.
        storage: a database as a URL or path, the address of a server such as
            http://host:8080, or `:memory:`; by default
            wazir-runs/wazir.db in the current folder, as for the command line.

    Raises:
        InvalidInputError: a value breaks a rule, or the constraints leave no point.
        StudyMismatchError: a study of that name exists with another space, other constraints,
            other metrics or other prior studies.
        NotFoundError: a prior study is not there.
    """
    config = StudyConfig(
        SearchSpace(dict(parameters)),
        with_limits(
            with_references(
                (*_metrics(minimize, Goal.MINIMIZE), *_metrics(maximize, Goal.MAXIMIZE)),
                reference or {},
            ),
            safe,
        ),
        algorithm=algorithm,
        early_stopping=_early_stopping(early_stopping, fidelity),
        fidelity=fidelity,
        prior_studies=tuple(map(named_study, _texts(prior_studies))),
        study_stopping=with_auto_stop(
            with_stop_conditions(None, _texts(stop_when)), auto_stop, min_improvement
        ),
        seed=secrets.randbits(31) if seed is None else seed,
        constraints=tuple(map(Constraint, _texts(constraints))),
        observation_noise=ObservationNoise.parse(noise),
        beliefs=beliefs or {},
    )
    for note in algorithm_notes(config):
        warnings.warn(note, stacklevel=2)
    config = replace(config, algorithm=canonical_name(algorithm))
    service = connect(storage, create=True)
    return study_handle(service, service.create_study(named_study(name), config))


def load_study(name: str, storage: StorageArgument = None) -> Study:
    """Load a study.

    Raises:
        NotFoundError: there is no such study, or no database.
    """
    service = connect(storage)
    wanted = named_study(name)
    try:
        return study_handle(service, service.study(wanted))
    except NotFoundError as error:
        names = [study.name.study_id for study in service.studies(wanted.project_id)]
        hint = did_you_mean(name, names) or error.hint
        raise NotFoundError(error.message, hint=hint) from None


def study_handle(service: Transport, stored: StoredStudy) -> Study:
    """Return the handle of a stored study for this process."""
    return Study(
        service,
        stored,
        new_client_id=new_client_ids(PYTHON_CLIENT),
        progress=partial(ProgressBar, stored.config),
        clock=system_clock,
    )


def _texts(given: str | Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _early_stopping(
    given: str | EarlyStopping | None, fidelity: str | None
) -> EarlyStopping | None:
    if given is None and fidelity is not None:
        return EarlyStopping.for_budgets()
    return EarlyStopping.parse(given) if isinstance(given, str) else given


def _metrics(names: str | Sequence[str] | None, goal: Goal) -> list[Metric]:
    if names is None:
        return []
    listed = [names] if isinstance(names, str) else list(names)
    if not all(isinstance(name, str) for name in listed):
        raise InvalidInputError(f"metrics are given by name, got {names!r}")
    return [Metric(name, goal) for name in listed]
