"""The service with everything in this process, put together on one store."""

from collections.abc import Callable

from wazir.analysis.advice import advise
from wazir.analysis.recommendation import Recommender, recommend
from wazir.domain.clock import Clock
from wazir.service.advising import Adviser
from wazir.service.analysing import LocalAnalyst
from wazir.service.checking import ConfigChecker
from wazir.service.leases import Leases
from wazir.service.owners import Owners
from wazir.service.proposing import AlgorithmNamed, LocalProposer
from wazir.service.snapshots import SnapshotReader
from wazir.service.stopped import RuleMaker
from wazir.service.studies import StudyService
from wazir.storage.protocol import Store


def local_service(
    store: Store,
    *,
    new_algorithms: Callable[[], AlgorithmNamed],
    clock: Clock,
    owners: Owners,
    rule_of: RuleMaker,
    recommend: Recommender = recommend,
    canonical_name: Callable[[str], str] = str,
    advise: Adviser = advise,
) -> StudyService:
    """Return a service for several threads.

    Args:
        store: where studies live.
        new_algorithms: gives a study what gives it algorithms by name; raises InvalidInputError.
        clock: Unix seconds.
        owners: what is known of clients without a lease.
        rule_of: makes stopping rules.
        recommend: finds the trial whose configuration to use.
        canonical_name: an algorithm's one name; raises InvalidInputError.
        advise: says what more trials may bring.
    """
    snapshots = SnapshotReader(store)
    return StudyService(
        store,
        clock=clock,
        snapshots=snapshots,
        leases=Leases(owners, clock),
        proposer=LocalProposer(snapshots, new_algorithms),
        analyst=LocalAnalyst(
            store, snapshots, clock=clock, rule_of=rule_of, recommend=recommend, advise=advise
        ),
        check_config=ConfigChecker(canonical_name, rule_of),
        canonical_name=canonical_name,
    )
