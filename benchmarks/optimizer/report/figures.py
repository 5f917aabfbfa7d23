"""The figures of the report: convergence by section, and quality against cost."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from report.results import Case, Results, RunResult
from report.statistics import mean_regret
from report.svg import Axis, Line, chart, dots
from report.tables import ByPeer


def draw(
    results: Results, sections: Mapping[str, ByPeer], own: str, counts: Sequence[int], folder: Path
) -> list[Path]:
    """Write all figures into a folder and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    styles = _styles(results, own)
    for name, peers in sections.items():
        path = folder / f"convergence_{name.replace(' ', '_')}.svg"
        path.write_text(convergence(name, peers, styles, counts), encoding="utf-8")
        written.append(path)
    for count in (50, 100):
        if count in counts:
            path = folder / f"quality_and_cost_at_{count}.svg"
            path.write_text(quality_and_cost(results, own, count), encoding="utf-8")
            written.append(path)
    return written


def _styles(results: Results, own: str) -> dict[str, int]:
    """Return a style for each optimizer, the same in all figures; 0 is `own`."""
    others = (peer for peer in sorted(results.peers) if peer != own)
    return {own: 0, **{peer: number for number, peer in enumerate(others, start=1)}}


def _mostly_there(peers: ByPeer) -> list[str]:
    """Return the optimizers that ran on most of the cases: means of others do not compare."""
    most = max(len(runs) for runs in peers.values())
    return [peer for peer in peers if len(peers[peer]) >= 0.8 * most]


def convergence(name: str, peers: ByPeer, styles: Mapping[str, int], counts: Sequence[int]) -> str:
    """Return mean regret against trials."""
    shown = _mostly_there(peers)
    curves = {peer: _curve(peers[peer], counts) for peer in shown}
    shown.sort(key=lambda peer: curves[peer][-1][1] if curves[peer] else math.inf)
    lines = [Line(peer, curves[peer], styles[peer]) for peer in shown if curves[peer]]
    top = max((value for line in lines for _, value in line.points), default=1.0)
    return chart(
        f"{name.replace('_', ' ')}: regret of the recommended configuration",
        Axis("trials", counts[0], counts[-1], list(counts), is_log=True),
        Axis("mean normalised regret", 0.0, max(top, 0.1), _ticks(max(top, 0.1))),
        lines,
    )


def _curve(runs: Mapping[Case, RunResult], counts: Sequence[int]) -> list[tuple[float, float]]:
    found = ((count, mean_regret(runs, count)) for count in counts)
    return [(float(count), value) for count, value in found if value is not None]


def _ticks(top: float) -> list[float]:
    step = 0.25 if top <= 1.5 else 0.5
    return [float(tick) for tick in np.arange(0.0, top + 1e-9, step)]


def quality_and_cost(results: Results, own: str, count: int) -> str:
    """Return mean regret after `count` trials against the CPU of a suggestion there."""
    alone = [run for run in results.runs if run.spec.pending == 1]
    by_peer: dict[str, dict[Case, RunResult]] = {}
    for run in alone:
        by_peer.setdefault(run.spec.peer, {})[run.spec.problem, run.spec.seed] = run
    lines = []
    for peer in _mostly_there(by_peer) if by_peer else []:
        found = [run.cpu_at(count) for run in by_peer[peer].values()]
        cpu = [value for value in found if value is not None]
        regret = mean_regret(by_peer[peer], count)
        if cpu and regret is not None:
            point = (1e3 * statistics.median(cpu), regret)
            lines.append(Line(peer, [point], 0 if peer == own else 1))
    costs = [line.points[0][0] for line in lines] or [1.0]
    top = max([line.points[0][1] for line in lines] or [1.0])
    decades = range(math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs))) + 1)
    ticks = [10.0**power for power in decades]
    low, high = ticks[0], max(ticks[-1], 10 * ticks[0])
    return dots(
        f"Quality and cost after {count} trials, one problem at a time",
        Axis("CPU of a suggestion, ms", low, high, ticks, is_log=True),
        Axis("mean normalised regret", 0.0, top * 1.05, _ticks(top)),
        lines,
    )
