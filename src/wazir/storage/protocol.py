"""The contract of a store: studies, trials and measurements that must not be lost."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.tokens import Token
from wazir.domain.trials import Trial, TrialState
from wazir.storage.whole import WholeStudy

SUGGESTING_TIMEOUT_S = 60.0


class StudyWriter(Protocol):
    """One short write transaction on one study.

    All changes become visible together when the block ends, or not at all when it raises. While
    the block runs no other writer changes the study, in this process or another. A transaction
    that changes something raises the study's revision by one, and all rows written in it carry
    `self.revision`, the number that the study has afterwards; one that changes nothing leaves
    the revision as it is. Each writing call that does not raise counts as a change, even when it
    writes what was there. Reads see the changes of this transaction; `study` does not.

    A writer belongs to the thread that began it and ends with its block; its methods raise
    RuntimeError afterwards. Parameter values and `elapsed_s` must be finite, texts valid Unicode
    and steps less than 2**63; anything else raises InvalidInputError.
    """

    @property
    def study(self) -> Study:
        """The study as it was when the transaction began."""
        ...

    @property
    def revision(self) -> int:
        """The revision that this transaction makes: `study.revision + 1`."""
        ...

    @property
    def counts(self) -> TrialCounts:
        """Trials by state, changes of this transaction included."""
        ...

    @property
    def last_trial_id(self) -> int:
        """The greatest trial id given so far, 0 if none. Ids of deleted trials stay used."""
        ...

    def trial(self, trial_id: int) -> Trial:
        """Return a trial. Raises NotFoundError."""
        ...

    def trials(
        self,
        *,
        states: Iterable[TrialState],
        client_id: str | None = None,
        limit: int | None = None,
    ) -> list[Trial]:
        """Return trials in any of `states` (and of one client), by id; the first `limit` of them.

        Costs grow with the trials returned, not with those stored, while all of `states` are of
        trials that have not ended.
        """
        ...

    def measurements(self, trial_id: int) -> list[Measurement]:
        """Return the intermediate measurements of a trial, oldest first. Raises NotFoundError."""
        ...

    def insert_trial(self, trial: Trial) -> None:
        """Add a trial. Its id must be `last_trial_id + 1`, else ConflictError is raised."""
        ...

    def update_trial(self, trial: Trial) -> None:
        """Replace the stored trial of that id. Raises NotFoundError."""
        ...

    def put_measurement(self, trial_id: int, measurement: Measurement) -> None:
        """Add a measurement; one of the same step is replaced and keeps its place.

        `measurement.step` must not be None. The trial itself does not count as changed: it is
        not among those that `Store.trials` returns for it. Raises NotFoundError.
        """
        ...

    def delete_measurement(self, trial_id: int, step: int) -> None:
        """Remove the measurement of a step, if there is one. Raises NotFoundError (no trial)."""
        ...

    def update_study(self, study: Study) -> None:
        """Replace the study's config, state and metadata; sets its config_revision if the config
        changed. Name, revisions and `created_at` of the argument are ignored.
        """
        ...

    def delete_trial(self, trial_id: int) -> None:
        """Remove a trial and its measurements; sets config_revision. Raises NotFoundError."""
        ...


class TokenStore(Protocol):
    """Where tokens live; each one stays, also when it is not valid any more."""

    def add_token(self, token: Token) -> None:
        """Add a token. Raises AlreadyExistsError if its id or its hash is taken."""
        ...

    def token_with_hash(self, secret_sha256: str) -> Token | None:
        """Return the token whose secret has a hash, at a cost that does not grow with them."""
        ...

    def tokens(self) -> list[Token]:
        """Return all tokens by `created_at`, oldest first."""
        ...

    def has_tokens(self) -> bool:
        """Return whether there is any token, valid or not."""
        ...

    def revoke_token(self, token_id: str, revoked_at: float) -> Token:
        """Revoke a token and return it; one that is revoked stays as it is. Raises NotFoundError."""
        ...


class Store(TokenStore, Protocol):
    """Where studies live, and the tokens of those who may use them.

    Values are passed by value: what is returned is not changed by later writes, and nothing given
    is kept by reference. (Equal configurations that are returned may be one object.) All methods
    may be called from several threads and processes. Costs of a write do not grow with the number
    of trials. Every method may raise StorageError.

    Transactions do not nest: in a thread that is inside a block of `write`, every method of the
    store raises RuntimeError. Read through the writer there.
    """

    def create_study(self, study: Study) -> Study:
        """Add a study and return it as stored: it begins at revision 0.

        Raises AlreadyExistsError if the name is taken.
        """
        ...

    def study(self, name: StudyName) -> Study:
        """Return a study. Raises NotFoundError with the names that are there."""
        ...

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project by `created_at`, oldest first."""
        ...

    def delete_study(self, name: StudyName) -> None:
        """Remove a study with all that belongs to it. Raises NotFoundError."""
        ...

    def project_ids(self) -> list[str]:
        """Return the projects that have studies, in the order of the alphabet."""
        ...

    def add_whole_study(self, whole: WholeStudy) -> None:
        """Add a study as it was in another store, with its revisions and the ids that were given.

        All of its trials count as changed at the study's revision. Raises AlreadyExistsError.
        """
        ...

    def write(self, name: StudyName) -> AbstractContextManager[StudyWriter]:
        """Begin a write transaction. Raises NotFoundError."""
        ...

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state, at a cost that does not grow with them."""
        ...

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial. Raises NotFoundError, with the range of ids that were given."""
        ...

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials by id), read together.

        Only trials in `states` (None: any) that changed after `since_revision` are returned.
        Deleted trials are not told; a deletion shows as a new `Study.config_revision`.
        """
        ...

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials, oldest first.

        The result has a key for each of `trial_ids`; the list of a trial that is not there is
        empty.
        """
        ...

    def studies_with_expired_leases(self, now: float, limit: int) -> list[StudyName]:
        """Return the names of up to `limit` studies, of all projects, with a lease that ended.

        That is a trial that runs and whose lease ended before `now`. Costs grow with such trials,
        not with studies or other trials. (In memory: with the trials that run.)
        """
        ...

    def suggesting(
        self, name: StudyName, timeout_s: float = SUGGESTING_TIMEOUT_S
    ) -> AbstractContextManager[bool]:
        """Take a turn in computing suggestions for a study, which ends with the block.

        One thread has it at a time: of this process, and on PostgreSQL of all processes. No
        transaction is open meanwhile, so the block may use the store. The block is given whether
        it had to wait; if so, what was read before may be old. After `timeout_s` (at least 0), in
        a thread that has the turn already, and when the server cannot be asked, the block begins
        without a turn and is told that it had to wait: turns save work, and protect nothing. The
        study need not be there. The turn of a process that dies ends with it.
        """
        ...

    def close(self) -> None:
        """Release files and connections. Later calls of other methods raise StorageError."""
        ...
