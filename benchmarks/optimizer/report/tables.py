"""The tables of the report, as markdown."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from measure import table

from report.results import Case, Results, RunResult
from report.statistics import (
    Comparison,
    compare,
    mean_regret,
    ranks,
    share_stuck,
    trials_to_reach,
)

ByPeer: TypeAlias = Mapping[str, Mapping[Case, RunResult]]
CPU_AT = (10, 20, 50, 100)
BOLD = {"won": "won", "lost": "**lost**", "equal": "equal", "undecided": "*undecided*"}


def verdicts(sections: Mapping[str, ByPeer], own: str, counts: Sequence[int]) -> str:
    """Return one row per other optimizer and number of trials, one column per section."""
    names = list(sections)
    others = dict.fromkeys(peer for peers in sections.values() for peer in peers if peer != own)
    rows = []
    for peer in others:
        for count in counts:
            cells = [_verdict(sections[name], own, peer, count) for name in names]
            if any(cells):
                rows.append([peer, str(count), *(cell or "-" for cell in cells)])
    return table(["against", "trials", *names], rows)


def _verdict(peers: ByPeer, own: str, other: str, count: int) -> str:
    found = compare(peers.get(own, {}), peers.get(other, {}), count)
    return "" if found is None else BOLD[found.verdict]


def tally(sections: Mapping[str, ByPeer], own: str, counts: Sequence[int]) -> str:
    """Return how often each verdict falls, by number of trials."""
    rows = []
    for count in counts:
        found = Counter(
            comparison.verdict
            for peers in sections.values()
            for other in peers
            if other != own
            and (comparison := compare(peers.get(own, {}), peers[other], count)) is not None
        )
        rows.append([str(count), *(str(found[name]) for name in BOLD)])
    return table(["trials", *BOLD], rows)


def section(peers: ByPeer, own: str, counts: Sequence[int]) -> str:
    """Return one row per optimizer of a section: itself, and beside it `own` on the same runs."""
    last = counts[-1]
    mean_ranks, n_ranked = ranks(peers, last)
    header = [
        "",
        "runs",
        *(f"regret at {count}: own, {own}'s, difference [95%]" for count in counts),
        f"rank at {last}",
        "problems on which it is ahead",
        "stuck",
        f"trials of {own} to its end",
    ]
    rows = [_row(peers, own, peer, counts, mean_ranks) for peer in sorted(peers, key=_last(peers))]
    note = f"Ranks are over {n_ranked} runs that all ranked optimizers have." if n_ranked else ""
    return table(header, rows) + ("\n\n" + note if note else "")


def _last(peers: ByPeer):
    def regret(peer: str) -> float:
        count = max((max(run.regrets, default=0) for run in peers[peer].values()), default=0)
        found = mean_regret(peers[peer], count)
        return math.inf if found is None else found

    return regret


def _row(
    peers: ByPeer, own: str, peer: str, counts: Sequence[int], mean_ranks: Mapping[str, float]
) -> list[str]:
    runs, mine = peers[peer], peers.get(own, {})
    found = {count: compare(mine, runs, count) for count in counts if peer != own}
    end = max((count for count in counts if mean_regret(runs, count) is not None), default=0)
    cells = [_regrets(runs, count, found.get(count)) for count in counts]
    at_end = found.get(end)
    stuck = share_stuck(runs, end)
    needed = None if peer == own else trials_to_reach(mine, runs, end)
    return [
        f"**{peer}**" if peer == own else peer,
        f"{len({case[0] for case in runs})} x {_seeds(runs)}",
        *cells,
        f"{mean_ranks[peer]:.2f}" if peer in mean_ranks else "-",
        "" if at_end is None else f"{100 * (1 - at_end.share_won):.0f}%",
        "-" if stuck is None else f"{100 * stuck:.0f}%",
        "" if needed is None else _trials(needed, end),
    ]


def _seeds(runs: Mapping[Case, RunResult]) -> str:
    found = Counter(problem for problem, _ in runs).values()
    return str(min(found)) if min(found) == max(found) else f"{min(found)}-{max(found)}"


def _trials(needed: float, end: int) -> str:
    return f"over {end}" if math.isinf(needed) else f"{needed:g} of {end}"


def _regrets(runs: Mapping[Case, RunResult], count: int, found: Comparison | None) -> str:
    mean = mean_regret(runs, count)
    if mean is None:
        return "-"
    if found is None:
        return f"{mean:.3f}"
    gap = found.difference
    return (
        f"{found.other:.3f}, {found.own:.3f}, {gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}] "
        f"{BOLD[found.verdict]}"
    )


def costs(results: Results) -> str:
    """Return what suggestions cost, by optimizer."""
    header = [
        "",
        *(f"CPU ms at {count}" for count in CPU_AT),
        "whole run, CPU s",
        "memory, MB",
        "import + first suggestion, CPU s",
    ]
    return table(header, [_cost_row(peer, results.of_peer(peer)) for peer in results.peers])


def _cost_row(peer: str, runs: Sequence[RunResult]) -> list[str]:
    cells = []
    for count in CPU_AT:
        found = [cpu for run in runs if (cpu := run.cpu_at(count)) is not None]
        cells.append(_milliseconds(found))
    whole = statistics.median(float(run.cpu_s.sum()) for run in runs)
    memory = statistics.median(run.rss_mb for run in runs)
    first = statistics.median(run.import_cpu_s + float(run.cpu_s[0]) for run in runs)
    return [peer, *cells, f"{whole:.3g}", f"{memory:.0f}", f"{first:.2f}"]


def _milliseconds(seconds: Sequence[float]) -> str:
    return f"{1e3 * statistics.median(seconds):.3g}" if seconds else "-"


def made_of(results: Results) -> str:
    """Return versions, revisions and machines of the runs, by optimizer."""
    rows = []
    for peer in results.peers:
        runs = results.of_peer(peer)
        versions = {_listed(run.versions) for run in runs}
        revisions = {run.revision for run in runs} if peer.startswith("wazir") else set()
        rows.append(
            [
                peer,
                "; ".join(sorted(versions | revisions)),
                "; ".join(sorted({run.machine for run in runs})),
                str(len(runs)),
            ]
        )
    return table(["", "versions", "machine", "runs"], rows)


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def failures(results: Results) -> str:
    """Return which runs failed, counted by optimizer and error."""
    counts = Counter(
        (record["peer"], record["error"].partition("\n")[0][:120]) for record in results.failures
    )
    rows: Iterable[Sequence[str]] = [
        [peer, str(count), _escaped(error)] for (peer, error), count in counts.items()
    ]
    return table(["", "failed runs", "error"], rows)


def _escaped(text: str) -> str:
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"
