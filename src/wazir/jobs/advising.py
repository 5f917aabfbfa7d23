"""Advice in a running job: asked for after trials have ended, and not too often."""

from dataclasses import dataclass
from time import monotonic

from wazir.domain.errors import NotFoundError
from wazir.domain.names import StudyName
from wazir.jobs.news import Advised, JobEnded, JobListener, JobNews, TrialEnded
from wazir.service.transport import Transport

_LEAST_INTERVAL_S = 3.0
# Of the runner's time advice may take a twentieth.
_TIMES_COST = 20


@dataclass
class AdvisingListener:
    """Passes the news of a job on, and adds advice (JobListener).

    Advice is asked for at most once per ended trial, and first after an interval. `next_at` is on
    the monotonic clock, in seconds.
    """

    listener: JobListener
    transport: Transport
    name: StudyName
    next_at: float
    is_due: bool = True

    @classmethod
    def begin(
        cls, listener: JobListener, transport: Transport, name: StudyName
    ) -> "AdvisingListener":
        """Return a listener for a job that begins now."""
        return cls(listener, transport, name, monotonic() + _LEAST_INTERVAL_S)

    def tell(self, news: JobNews) -> None:
        """Pass news on; new results ask for new advice."""
        if isinstance(news, TrialEnded):
            self.is_due = True
        elif isinstance(news, JobEnded):
            self.is_due = False
        self.listener.tell(news)

    def tick(self) -> None:
        """Tell what going on may bring, if it is time to and there is advice."""
        if self.is_due and monotonic() >= self.next_at:
            self._advise()
        self.listener.tick()

    def _advise(self) -> None:
        self.is_due = False
        began = monotonic()
        try:
            advice = self.transport.advise(self.name)
        except NotFoundError:
            # The study was deleted; the job will end by itself.
            return
        took_s = monotonic() - began
        self.next_at = began + max(_LEAST_INTERVAL_S, _TIMES_COST * took_s)
        if advice.probability is not None:
            self.listener.tell(Advised(advice))
