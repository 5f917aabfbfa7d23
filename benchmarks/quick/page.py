"""What the guard prints: each claim with its numbers, each problem, the error rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from measure import table
from report.results import Case, RunResult
from report.statistics import MARGIN

from quick.cases import BASELINE, OWN, PEER, PROBLEMS, SEEDS, TRIALS, regret_table
from quick.decision import ALPHA, Claim, ErrorRates, Finding, Table, error_rates, judge

CLAIMS = (
    Claim("random", "better"),
    Claim("sobol", "better"),
    Claim(PEER, "not worse"),
    Claim(BASELINE, "not worse"),
)
Runs = Mapping[str, Mapping[Case, RunResult]]


@dataclass(frozen=True)
class Page:
    """The text, and whether the guard passes."""

    text: str
    is_passed: bool


def compose(runs: Runs) -> Page:
    """Judge all claims; `runs` holds the runs of Wazir, of each other one and of the baseline."""
    tables = {peer: regret_table(found) for peer, found in runs.items()}
    findings = [judge(claim, tables[OWN], tables[claim.other]) for claim in CLAIMS]
    rates = error_rates(
        {claim.other: (claim, tables[claim.other]) for claim in CLAIMS},
        tables[BASELINE],
        np.random.default_rng(0),
    )
    is_passed = all(finding.is_shown for finding in findings)
    title = (
        f"Mean regret after {TRIALS} trials (0: the minimum, 1: random search), "
        f"{len(PROBLEMS)} problems, {len(SEEDS)} seeds"
    )
    parts = [
        title,
        _findings(findings, rates),
        _error_text(rates),
        _by_problem(tables),
        *_facts(runs, tables),
        "PASSED" if is_passed else "FAILED: " + _failed(findings),
    ]
    return Page("\n\n".join(parts), is_passed)


def _findings(findings: Sequence[Finding], rates: ErrorRates) -> str:
    header = ("claim", "Wazir", "other", "difference", "upper bound", "limit", "", "false alarms")
    rows = [
        (
            f"{finding.claim.kind} than {finding.claim.other}",
            f"{finding.own:.3f}",
            f"{finding.other:.3f}",
            f"{finding.difference:+.3f}",
            f"{finding.upper:+.3f}",
            f"{finding.claim.limit:+.3f}",
            "shown" if finding.is_shown else "NOT SHOWN",
            f"{rates.alarm[finding.claim.other]:.1%}",
        )
        for finding in findings
    ]
    return table(header, rows)


def _error_text(rates: ErrorRates) -> str:
    return (
        f"Upper bounds are one-sided at {1 - ALPHA:.1%}: the guard passes with a probability of at "
        f"most {ALPHA:.1%} where a claim is false. By simulation from the recorded seeds: code "
        f"that is as good as the baseline, but gives other results, fails in "
        f"{rates.any_alarm:.1%} of all cases; code that is worse by {MARGIN:g} passes against the "
        f"baseline in {rates.missed:.1%}, by {2 * MARGIN:g} in {rates.missed_double:.1%}. "
        "Code that gives the same results cannot fail against the baseline."
    )


def _by_problem(tables: Mapping[str, Table]) -> str:
    peers = (OWN, *(claim.other for claim in CLAIMS))
    rows = [
        (problem, *(f"{tables[peer][index].mean():.3f}" for peer in peers))
        for index, problem in enumerate(PROBLEMS)
    ]
    return table(("mean regret", *peers), rows)


def _facts(runs: Runs, tables: Mapping[str, Table]) -> list[str]:
    same = int(np.isclose(tables[OWN], tables[BASELINE], rtol=1e-9, atol=1e-12).sum())
    cost = {
        peer: np.median([run.cpu_s.mean() for run in runs[peer].values()]) * 1e3
        for peer in (OWN, BASELINE)
    }
    first = {peer: next(iter(runs[peer].values())) for peer in (OWN, PEER, BASELINE)}
    versions = ", ".join(f"{name} {it}" for name, it in first[PEER].versions.items())
    equal = f"Same result as the baseline: {same} of {tables[OWN].size} runs."
    cpu = f"CPU per trial: {cost[OWN]:.1f} ms, baseline {cost[BASELINE]:.1f} ms."
    codes = f"Wazir: {first[OWN].revision}. Baseline: {first[BASELINE].revision}."
    return [f"{equal} {cpu}", f"{codes} {PEER}: {versions}."]


def _failed(findings: Sequence[Finding]) -> str:
    failed = [it.claim for it in findings if not it.is_shown]
    return "; ".join(f"not shown that Wazir is {it.kind} than {it.other}" for it in failed)
