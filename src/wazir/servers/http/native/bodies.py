"""The bodies of requests to our own API; their values are checked by the domain."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

JsonDict = dict[str, Any]
MetadataDict = dict[str, dict[str, str]]
MAX_TRIAL_ID = 2**53
TrialIds = list[Annotated[int, Field(ge=1, le=MAX_TRIAL_ID)]]


class _Body(BaseModel):
    # Strict: false is no number, and "1" is none.
    model_config = ConfigDict(extra="forbid", strict=True)


class NewStudy(_Body):
    """A study to be made: `config` as `wazir.domain.codec.config_to_dict` writes it."""

    study_id: str
    config: JsonDict
    metadata: MetadataDict = Field(default_factory=dict)
    must_be_new: bool = False


class NewState(_Body):
    """The state of a study: ACTIVE, INACTIVE or COMPLETED."""

    state: str


class Edit(_Body):
    """A change of a study, as `wazir.domain.edit_codec.edit_to_dict` writes it."""

    edit: JsonDict
    metadata: MetadataDict = Field(default_factory=dict)
    client_id: str = ""


class EditPreview(_Body):
    """A change of a study that is not made."""

    edit: JsonDict


class NewMetadata(_Body):
    """Entries of metadata: namespace, key, text; of trials by id."""

    study: MetadataDict = Field(default_factory=dict)
    # Keys of JSON are texts.
    trials: dict[Annotated[int, Field(ge=1, le=MAX_TRIAL_ID, strict=False)], MetadataDict] = Field(
        default_factory=dict
    )


class SuggestionRequest(_Body):
    """How many trials a client wants; a lease in seconds, which it renews."""

    count: int = Field(ge=1, default=1)
    client_id: str = Field(min_length=1, max_length=512)
    max_n_trials: int | None = Field(ge=0, default=None)
    lease_s: float | None = Field(gt=0, le=30 * 86400, default=None)


class NewTrial(_Body):
    """A trial to be added, with a known result or without."""

    parameters: JsonDict
    measurement: JsonDict | None = None
    measurements: list[JsonDict] = Field(default_factory=list)
    infeasible_reason: str = ""
    metadata: MetadataDict = Field(default_factory=dict)


class NewMeasurements(_Body):
    """Measurements of a trial, oldest first, and steps that turned out not to count."""

    measurements: list[JsonDict] = Field(default_factory=list)
    void_steps: list[int] = Field(default_factory=list)
    attempt: int | None = None


class Completion(_Body):
    """The end of a trial: with a measurement, with a reason, or by its measurements."""

    measurement: JsonDict | None = None
    infeasible_reason: str = ""
    attempt: int | None = None


class StopRequest(_Body):
    """Why a trial is to stop."""

    reason: str = "a client asked to stop it"


class Release(_Body):
    """A trial that goes back in line; `lost`: its run died."""

    attempt: int | None = None
    lost: bool = False


class TakeOver(_Body):
    """A trial that changes its owner."""

    previous: str
    client_id: str


class NextAttempt(_Body):
    """The attempt that has ended; `lost`: its run died."""

    attempt: int
    lost: bool = False


class Lease(_Body):
    """For how many seconds from now the lease is to hold."""

    lease_s: float = Field(gt=0, le=30 * 86400)
    attempt: int | None = None


class WantedMeasurements(_Body):
    """The trials whose measurements are wanted."""

    trial_ids: TrialIds


class Nothing(_Body):
    """A request without a body."""
