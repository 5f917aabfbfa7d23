"""Suggestions and analyses that are computed in optimizer processes instead of this one."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wazir.analysis.advice import Advice
from wazir.analysis.recommendation import Recommendation
from wazir.app.optimizer_processes import OptimizerProcesses
from wazir.app.registry import canonical_name
from wazir.domain.codec import config_to_dict
from wazir.domain.json_fields import decode_text
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, StudyConfig
from wazir.domain.trials import Trial
from wazir.service.analysing import Analyst
from wazir.service.proposing import Outlook, Proposal, Proposer, proposal_from_dict
from wazir.service.wire import advice_from_dict, front_from_dict, recommendation_from_dict

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront

# They take less time than it takes to ask another process.
_CHEAP = frozenset({"RANDOM_SEARCH", "GRID_SEARCH", "QUASI_RANDOM_SEARCH"})


def is_slow(config: StudyConfig) -> bool:
    """Return whether suggestions for a study take computing time that others would notice."""
    return canonical_name(config.algorithm) not in _CHEAP or bool(config.constraints)


class RemoteProposer:
    """Asks a process for suggestions, or `local` where they are cheap (the Proposer protocol)."""

    def __init__(self, processes: OptimizerProcesses, local: Proposer) -> None:
        self._processes = processes
        self._local = local

    def propose(self, study: Study, trial_ids: Sequence[int]) -> Proposal:
        """Return a suggestion per id."""
        if not is_slow(study.config):
            return self._local.propose(study, trial_ids)
        answer = self._processes.call(study.name, "propose", trial_ids=list(trial_ids))
        return proposal_from_dict(answer)

    def propose_ahead(
        self, study: Study, trial_ids: Sequence[int], on_begin: Callable[[], None]
    ) -> Proposal:
        """Return a suggestion per id, computed while no client waits for a process."""
        answer = self._processes.call(
            study.name, "propose", on_begin=on_begin, is_ahead=True, trial_ids=list(trial_ids)
        )
        return proposal_from_dict(answer)

    def look_ahead(self, outlook: Outlook) -> None:
        """Do nothing."""


class RemoteAnalyst:
    """Asks a process, or `local` where little is to be computed (the Analyst protocol).

    A stopping rule takes a few milliseconds, and its trial goes on meanwhile: it does not wait
    behind the fits of others.
    """

    def __init__(self, processes: OptimizerProcesses, local: Analyst) -> None:
        self._processes = processes
        self._local = local

    def why_ended(self, study: Study) -> str:
        """Return why a study makes no new trials by its own rule, "" while it does."""
        stopping = study.config.study_stopping
        if stopping is None or stopping.auto_stop_below is None:
            return self._local.why_ended(study)
        config = config_to_dict(study.config)
        answer = self._processes.call(study.name, "why_ended", config=config)
        return decode_text(answer, "why_ended")

    def check_stopping(self, name: StudyName, trial_id: int) -> Trial:
        """Ask the study's stopping rule about a trial."""
        return self._local.check_stopping(name, trial_id)

    def recommend(self, name: StudyName) -> Recommendation | None:
        """Return the trial whose configuration to use."""
        answer = self._processes.call(name, "recommend")
        return None if answer is None else recommendation_from_dict(answer)

    def pareto_front(self, name: StudyName) -> "ParetoFront":
        """Return the optimal trials."""
        return front_from_dict(self._processes.call(name, "pareto_front"))

    def advise(self, name: StudyName, n_more: int, more_than: float | None) -> Advice:
        """Return what more trials may bring."""
        answer = self._processes.call(name, "advise", n_more=n_more, more_than=more_than)
        return advice_from_dict(answer)
