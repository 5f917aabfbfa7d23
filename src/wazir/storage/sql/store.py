"""A store in a SQL database, whichever it is."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.tokens import Token
from wazir.domain.trials import Trial, TrialState
from wazir.storage.checks import (
    check_metadata,
    check_whole_study,
    study_not_found,
    study_taken,
    trial_not_found,
)
from wazir.storage.protocol import SUGGESTING_TIMEOUT_S
from wazir.storage.sql.rows import (
    Bindings,
    Row,
    StudyRow,
    measurement_from_row,
    name_bindings,
    study_bindings,
    study_from_row,
    trial_from_row,
)
from wazir.storage.sql.session import Database, Session
from wazir.storage.sql.tokens import SqlTokens
from wazir.storage.sql.whole import insert_whole_study
from wazir.storage.sql.writer import SqlStudyWriter
from wazir.storage.whole import WholeStudy


class TurnTaker(Protocol):
    """Gives turns, as `Store.suggesting` says."""

    def taken(self, name: StudyName, timeout_s: float) -> AbstractContextManager[bool]:
        """Take a turn for a block, and give whether it had to wait."""
        ...


class SqlStore:
    """Implements the Store protocol on a database; its contract stands there."""

    def __init__(self, database: Database, turns: TurnTaker) -> None:
        self._database = database
        self._turns = turns
        self._tokens = SqlTokens(database)

    def create_study(self, study: Study) -> Study:
        """Add a study."""
        check_metadata(study.metadata)
        bindings = study_bindings(study)

        def create(session: Session) -> Row:
            if not session.run("insert_study", bindings).rowcount:
                raise study_taken(study.name)
            return _existing_study(session, study.name)

        return study_from_row(self._database.change(create)).study

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        row = self._database.read(lambda session: _existing_study(session, name))
        return study_from_row(row).study

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project."""
        bindings: Bindings = {"project_id": project_id}
        rows = self._database.read(
            lambda session: session.run("select_studies", bindings).fetchall()
        )
        return [study_from_row(row).study for row in rows]

    def delete_study(self, name: StudyName) -> None:
        """Remove a study."""

        def delete(session: Session) -> None:
            if not session.run("delete_study", name_bindings(name)).rowcount:
                raise _not_found(session, name)

        self._database.change(delete)

    def project_ids(self) -> list[str]:
        """Return the projects that have studies."""
        rows = self._database.read(lambda session: session.run("select_project_ids").fetchall())
        # Databases differ in what they take for the alphabet.
        return sorted(project_id for (project_id,) in rows)

    def add_whole_study(self, whole: WholeStudy) -> None:
        """Add a study as it was in another store."""
        check_whole_study(whole)
        self._database.change(lambda session: insert_whole_study(session, whole))

    @contextmanager
    def write(self, name: StudyName) -> Iterator[SqlStudyWriter]:
        """Begin a write transaction."""
        with self._database.writing(lambda session: _locked_study(session, name)) as (
            session,
            row,
        ):
            writer = SqlStudyWriter(session, row)
            try:
                yield writer
                writer.finish()
            finally:
                writer.end()

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state."""

        def count(session: Session) -> Row:
            row = session.run("select_counts", name_bindings(name)).fetchone()
            if row is None:
                raise _not_found(session, name)
            return row

        return TrialCounts(*self._database.read(count))

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""

        def find(session: Session) -> Row:
            key, _, last_trial_id = _study_head(session, name)
            bindings: Bindings = {"study_key": key, "trial_id": trial_id}
            row = session.run("select_trial", bindings).fetchone()
            if row is None:
                raise trial_not_found(name, trial_id, last_trial_id)
            return row

        return trial_from_row(self._database.read(find))

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials that changed since)."""
        wanted = {state.value for state in (TrialState if states is None else states)}
        query = "select_all_trials" if since_revision < 0 else "select_changed_trials"

        def find(session: Session) -> tuple[int, list[Row]]:
            key, revision, _ = _study_head(session, name)
            bindings: Bindings = {"study_key": key}
            if since_revision >= 0:
                bindings["since_revision"] = since_revision
            return revision, session.run(query, bindings).fetchall()

        revision, rows = self._database.read(find)
        return revision, [trial_from_row(row) for row in rows if row[1] in wanted]

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials."""

        def find(session: Session) -> dict[int, list[Row]]:
            key, _, _ = _study_head(session, name)
            return {
                trial_id: session.run(
                    "select_measurements", {"study_key": key, "trial_id": trial_id}
                ).fetchall()
                for trial_id in trial_ids
            }

        return {
            trial_id: [measurement_from_row(row) for row in found]
            for trial_id, found in self._database.read(find).items()
        }

    def studies_with_expired_leases(self, now: float, limit: int) -> list[StudyName]:
        """Return the studies of running trials whose lease has ended."""
        bindings: Bindings = {"now": now, "limit": limit}
        rows = self._database.read(
            lambda session: session.run("select_studies_with_expired_leases", bindings).fetchall()
        )
        return [StudyName(project_id, study_id) for project_id, study_id in rows]

    def add_token(self, token: Token) -> None:
        """Add a token."""
        self._tokens.add_token(token)

    def token_with_hash(self, secret_sha256: str) -> Token | None:
        """Return the token whose secret has a hash."""
        return self._tokens.token_with_hash(secret_sha256)

    def tokens(self) -> list[Token]:
        """Return all tokens."""
        return self._tokens.tokens()

    def has_tokens(self) -> bool:
        """Return whether there is any token."""
        return self._tokens.has_tokens()

    def revoke_token(self, token_id: str, revoked_at: float) -> Token:
        """Revoke a token."""
        return self._tokens.revoke_token(token_id, revoked_at)

    def suggesting(
        self, name: StudyName, timeout_s: float = SUGGESTING_TIMEOUT_S
    ) -> AbstractContextManager[bool]:
        """Take a turn in computing suggestions."""
        self._database.check_usable()
        return self._turns.taken(name, timeout_s)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()


def _existing_study(session: Session, name: StudyName) -> Row:
    row = session.run("select_study", name_bindings(name)).fetchone()
    if row is None:
        raise _not_found(session, name)
    return row


def _locked_study(session: Session, name: StudyName) -> StudyRow:
    """Return a study that nobody else changes until the transaction ends."""
    row = session.run("lock_study", name_bindings(name)).fetchone()
    if row is None:
        raise _not_found(session, name)
    return study_from_row(row)


def _study_head(session: Session, name: StudyName) -> tuple[int, int, int]:
    """Return (study key, revision, last trial id)."""
    row = session.run("select_study_head", name_bindings(name)).fetchone()
    if row is None:
        raise _not_found(session, name)
    key, revision, last_trial_id = row
    return key, revision, last_trial_id


def _not_found(session: Session, name: StudyName) -> Exception:
    rows = session.run("select_study_ids", {"project_id": name.project_id}).fetchall()
    return study_not_found(name, [study_id for (study_id,) in rows])
