"""Whether a study can be carried out: its algorithm, its stopping rule, points in its space."""

from collections.abc import Callable
from dataclasses import dataclass

from wazir.domain.studies import StudyConfig
from wazir.service.stopped import RuleMaker
from wazir.stopping.brackets import brackets_of


@dataclass(frozen=True)
class ConfigChecker:
    """Refuses configurations that name what is not there, or leave no point.

    `check_algorithm` raises InvalidInputError for a name that is no algorithm's.
    """

    check_algorithm: Callable[[str], object]
    rule_of: RuleMaker

    def __call__(self, config: StudyConfig) -> None:
        """Raise InvalidInputError unless algorithm and stopping rule can be made, and points."""
        self.check_algorithm(config.algorithm)
        if config.fidelity is not None:
            brackets_of(config)
        elif config.early_stopping is not None:
            self.rule_of(config.early_stopping, config.objective)
        check_constraints(config)


def check_constraints(config: StudyConfig) -> None:
    """Raise InvalidInputError if the constraints leave no point."""
    if config.constraints:
        # It needs numpy, which most commands do without.
        from wazir.service.possible import check_possible  # noqa: PLC0415

        check_possible(config)
