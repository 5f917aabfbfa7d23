"""The tables of the cost of suggestions, from records."""

import statistics
from collections.abc import Sequence

from measure import Report, spread, table

from latency.measuring import BASE_IMPORTS, N_KNOWN_AT_FIRST, Record
from latency.workload import DIMENSION

GOALS_MS = {50: 10.0, 200: 20.0, 1000: 100.0, 10_000: 500.0}
GOAL_FIRST = 1.3
GOAL_MEMORY_MB = 150.0
GOAL_SIZE_MB = 220.0
OWN = "wazir"
HOW = f"""
CPU milliseconds of asking for a suggestion and telling its result, {DIMENSION} real parameters, one
core (one BLAS thread), in a study that has so many results. Each process is told the results,
asks twice to warm up, and is then measured over up to 16 suggestions in a row, refits included;
shown are median (min-max) over processes of the mean over these suggestions. For 10,000 trials
`wazir` chooses CMA_ES; `wazir:GP_BANDIT` is its Gaussian process throughout.
"""
REST = f"""
First suggestion: CPU seconds of a fresh process that imports the library, is told
{N_KNOWN_AT_FIRST} results and asks once, and the median ratio to
`python -c '{BASE_IMPORTS}'`, run in turn. Memory: resident, after the suggestions at the number of
trials given. Size: all files of the environment but pip and byte code, in millions of bytes.
"""


def compose(report: Report, records: Sequence[Record]) -> None:
    """Add the tables to a report."""
    peers = list(dict.fromkeys(record["peer"] for record in records))
    by_peer = {peer: [it for it in records if it["peer"] == peer] for peer in peers}
    sizes = sorted({record["n"] for record in records if record["part"] == "suggestion"})
    report.add(HOW)
    older = _warmed_up_once(records)
    if older:
        report.add(f"Asked once to warm up (older records): {', '.join(older)}.")
    header = ["", *(f"n = {size:,}" for size in sizes)]
    rows = [[peer, *(_cost(by_peer[peer], size) for size in sizes)] for peer in peers]
    report.add(table(header, rows))
    if OWN in by_peer:
        report.add("How many times less CPU than the others Wazir uses:")
        others = [peer for peer in peers if peer != OWN]
        ratios = [[p, *(_ratio(by_peer[p], by_peer[OWN], n) for n in sizes)] for p in others]
        report.add(table(header, ratios))
    report.add(REST)
    names = ["", "first suggestion, s", "to bare imports", "memory, MB", "size, MB"]
    report.add(table(names, [_rest(peer, by_peer[peer]) for peer in peers]))
    if OWN in by_peer:
        report.add(goals(by_peer[OWN]))
    report.add("## What was measured when\n\n" + _origins(by_peer))


def _warmed_up_once(records: Sequence[Record]) -> list[str]:
    """Return the optimizers with records that do not hold a second warm-up."""
    measured = [record for record in records if record["part"] == "suggestion"]
    return list(dict.fromkeys(it["peer"] for it in measured if "second_ms" not in it))


def goals(records: Sequence[Record]) -> str:
    """Return Wazir's numbers beside its goals."""
    rows = []
    for size, goal in GOALS_MS.items():
        found = _means(records, size)
        if found:
            rows.append(_goal(f"CPU ms at n = {size:,}", statistics.median(found), goal))
    firsts = _first_ratios(records)
    if firsts:
        rows.append(
            _goal("first suggestion to bare imports", statistics.median(firsts), GOAL_FIRST)
        )
    memory = _memory(records).get(1000)
    if memory is not None:
        rows.append(_goal("resident MB at n = 1,000", memory, GOAL_MEMORY_MB))
    sizes = [record["mb"] for record in records if record["part"] == "size"]
    rows += [_goal("installed MB", size_mb, GOAL_SIZE_MB) for size_mb in sizes]
    return "## Wazir's goals\n\n" + table(["", "measured", "goal, at most", ""], rows)


def _goal(name: str, value: float, goal: float) -> list[str]:
    return [name, f"{value:.3g}", f"{goal:g}", "met" if value <= goal else "**missed**"]


def _means(records: Sequence[Record], size: int) -> list[float]:
    return [it["mean_ms"] for it in records if it["part"] == "suggestion" and it["n"] == size]


def _cost(records: Sequence[Record], size: int) -> str:
    found = _means(records, size)
    if found:
        return f"{_short(statistics.median(found))} ({_short(min(found))}-{_short(max(found))})"
    failed = any(it["part"] == "failure" and it["n"] == size for it in records)
    return "failed" if failed else "-"


def _short(value: float) -> str:
    """Return three significant digits, whole numbers from 1,000 on."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _ratio(records: Sequence[Record], own: Sequence[Record], size: int) -> str:
    theirs, ours = _means(records, size), _means(own, size)
    if not theirs or not ours:
        return "-"
    return _short(statistics.median(theirs) / statistics.median(ours))


def _first_ratios(records: Sequence[Record]) -> list[float]:
    return [it["cpu_s"] / it["base_cpu_s"] for it in records if it["part"] == "first"]


def _memory(records: Sequence[Record]) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for record in records:
        if record["part"] == "suggestion":
            found.setdefault(record["n"], []).append(record["rss_mb"])
    return {size: statistics.median(values) for size, values in found.items()}


def _rest(peer: str, records: Sequence[Record]) -> list[str]:
    firsts = [it["cpu_s"] for it in records if it["part"] == "first"]
    memory = _memory(records)
    shown = 1000 if 1000 in memory else max(memory, default=0)
    sizes = [it["mb"] for it in records if it["part"] == "size"]
    return [
        peer,
        spread(firsts, "{:.2f}") if firsts else "-",
        f"{statistics.median(_first_ratios(records)):.2f}" if firsts else "-",
        f"{memory[shown]:.0f} at {shown:,}" if memory else "-",
        f"{sizes[-1]:.0f}" if sizes else "-",
    ]


def _origins(by_peer: dict[str, list[Record]]) -> str:
    rows = []
    for peer, records in by_peer.items():
        versions = {f"{k} {v}" for it in records for k, v in it.get("versions", {}).items()}
        if peer.startswith(OWN):
            versions |= {it["revision"] for it in records}
        days = sorted({it["day"] for it in records})
        machines = {it["machine"] for it in records}
        shown = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        rows.append([peer, ", ".join(sorted(versions)), shown, "; ".join(sorted(machines))])
    return table(["", "versions", "day", "machine"], rows)
