"""How much a server takes: the one place with all numbers, for every door."""

from dataclasses import dataclass, fields

from wazir.domain.errors import InvalidInputError


@dataclass(frozen=True)
class Limits:
    """What is refused by a server when there is more of it; each number is at least 1.

    Without a server nothing is limited: whoever opens the database owns it.

    Attributes:
        n_studies: studies of a project.
        n_trials: trials of a study.
        n_suggestions: trials asked for in one request.
        n_measurements: measurements in one request.
        n_parameters: parameters of a study, conditional ones included.
        n_metrics: metrics of a study or of a measurement.
        n_constraints: constraints of a study.
        n_prior_studies: earlier studies that a study learns from.
        n_name: characters of the name of a parameter, a metric, a client or a metadata key.
        n_text: characters of a reason or a category.
        n_metadata: entries of metadata in one request.
        n_metadata_text: characters of one entry.
    """

    n_studies: int = 10_000
    n_trials: int = 1_000_000
    n_suggestions: int = 1_000
    n_measurements: int = 10_000
    n_parameters: int = 1_000
    n_metrics: int = 100
    n_constraints: int = 1_000
    n_prior_studies: int = 100
    n_name: int = 512
    n_text: int = 16_384
    n_metadata: int = 10_000
    n_metadata_text: int = 1_000_000

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) < 1:
                raise InvalidInputError(
                    f"a limit is at least 1, got {one.name}={getattr(self, one.name)}"
                )


def check_count(what: str, n: int, limit: int) -> None:
    """Raise InvalidInputError if there are more of something than a request may have."""
    if n > limit:
        raise InvalidInputError(f"{what}: at most {limit:,}, got {n:,}")


def check_length(what: str, text: str, limit: int) -> None:
    """Raise InvalidInputError if a text is longer than it may be; the text is not repeated."""
    if len(text) > limit:
        raise InvalidInputError(f"{what} has at most {limit:,} characters, got {len(text):,}")
