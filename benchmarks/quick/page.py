"""What the guard prints: each claim with its numbers, each problem, the error rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from measure import table
from report.results import Case, RunResult

from quick.cases import BASELINE, OWN, PEER, PROBLEMS, SEEDS, TRIALS, regret_table
from quick.decision import ALPHA, Claim, ErrorRates, Finding, Table, error_rates, judge

REGRESSION = Claim(BASELINE, "no regression")
CLAIMS = (
    Claim("random", "better"),
    Claim("sobol", "better"),
    Claim(PEER, "not worse"),
    REGRESSION,
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
        {claim: tables[claim.other] for claim in CLAIMS},
        REGRESSION,
        np.random.default_rng(0),
    )
    is_passed = all(finding.verdict != "FAILED" for finding in findings)
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
    header = ("claim", "Wazir", "other", "difference", "bounds", "limit", "", "false alarms")
    rows = [
        (
            _words(finding.claim),
            f"{finding.own:.3f}",
            f"{finding.other:.3f}",
            f"{finding.difference:+.3f}",
            f"{finding.lower:+.3f} to {finding.upper:+.3f}",
            f"{finding.claim.limit:+.3f}",
            finding.verdict,
            f"{rates.alarm[finding.claim.other]:.1%}",
        )
        for finding in findings
    ]
    return table(header, rows)


def _words(claim: Claim) -> str:
    return f"{claim.kind} {'since' if claim == REGRESSION else 'than'} {claim.other}"


def _error_text(rates: ErrorRates) -> str:
    caught = ", ".join(f"by {loss:g}: {share:.0%}" for loss, share in rates.caught.items())
    return f"""Bounds are one-sided at {1 - ALPHA:.1%}. A claim is shown if the upper one is below \
the limit; the last claim fails only if the lower one is above 0 too.
- `better` and `not worse` are claimed falsely with a probability of at most {ALPHA:.1%}.
- False alarms: code as good as the baseline, with other results, fails in {rates.any_alarm:.1%} \
of all cases (simulated from the recorded seeds). Code with the same results fails in none.
- Caught by the last claim: code that is worse than the baseline {caught} (simulated). It is shown \
for {rates.shown:.0%} of code as good as the baseline, else undecided."""


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
    return ", ".join(_words(it.claim) for it in findings if it.verdict == "FAILED")
