"""What a store needs of a SQL database: sessions inside transactions."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from wazir.storage.sql.rows import Row

T = TypeVar("T")
Values = Mapping[str, str | int | float | None]
NO_VALUES: Values = {}


class Rows(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Row | None:
        """Return the next row."""
        ...

    def fetchall(self) -> list[Row]:
        """Return the rows that are left."""
        ...


class Session(Protocol):
    """A connection inside a transaction."""

    def run(self, query: str, values: Values = NO_VALUES) -> Rows:
        """Run the statement of a name. Raises StorageError."""
        ...


class Database(Protocol):
    """Gives out sessions. In a block of `writing`, all of it raises RuntimeError in that thread.

    `work` and `first` may be called again, in another transaction, if the first one did certainly
    change nothing.
    """

    def read(self, work: Callable[[Session], T]) -> T:
        """Return what `work` makes of one state of the database."""
        ...

    def change(self, work: Callable[[Session], T]) -> T:
        """Return what `work` returns, in a transaction of its own."""
        ...

    def writing(self, first: Callable[[Session], T]) -> AbstractContextManager[tuple[Session, T]]:
        """Begin a transaction with `first`, and give what it returned; the block goes on with it."""
        ...

    def check_usable(self) -> None:
        """Raise RuntimeError in a block of `writing`, StorageError after `close`."""
        ...

    def close(self) -> None:
        """Close all connections. Later calls of other methods raise StorageError."""
        ...
