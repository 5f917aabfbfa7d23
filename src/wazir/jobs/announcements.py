"""What a job says to its listener once, however often the reason for it comes up again."""

from dataclasses import dataclass, field

from wazir.jobs.news import JobListener, Noted, Warned


@dataclass
class Announcements:
    """Notes and warnings; what was said already is not said again."""

    listener: JobListener
    _said: set[str] = field(default_factory=set, init=False)

    def warn(self, text: str, *, kind: str = "") -> None:
        """Warn; of warnings of one kind only the first is said."""
        if self._is_new(kind or text):
            self.listener.tell(Warned(text))

    def note(self, text: str, *, kind: str = "") -> None:
        """Say something; of notes of one kind only the first is said."""
        if self._is_new(kind or text):
            self.listener.tell(Noted(text))

    def source(self, metric: str, source: str) -> None:
        """Say where a metric was found, once per kind of place."""
        self.note(f"{metric} is read from {source}", kind=source.partition(" in ")[0])

    def _is_new(self, key: str) -> bool:
        if key in self._said:
            return False
        self._said.add(key)
        return True
