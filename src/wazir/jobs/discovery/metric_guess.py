"""Which metric a program seems to report, judged by its source; and which way it is better."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wazir.domain.metrics import Goal
from wazir.jobs.discovery.literals import dotted_name


def _name_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MINIMIZED = _name_set(
    """
    loss error err errors rmse mse mae mape smape rmsle msle nll perplexity ppl logloss bce ce
    crossentropy xent entropy wer cer fid deviance crps cost regret delay distance rmspe kl bpc
    bpb wape mase pinball brier divergence
    """
)
_MAXIMIZED = _name_set(
    """
    accuracy acc auc auroc auprc f1 score precision recall r2 bleu rouge map ndcg reward rewards
    return returns iou miou dice mcc kappa success psnr ssim likelihood elbo top1 top5 mrr gini
    sharpe profit
    """
)
_HELD_OUT = _name_set("val valid validation eval evaluation test heldout dev")
_TRAINING = _name_set("train training")
_REPORTERS = frozenset({"scalar", "add_scalar", "log_metric", "log_metrics", "log", "report"})
_PRINTERS = frozenset({"print", "info", "echo", "write", "warning", "debug"})
_NAMED = re.compile(r"([A-Za-z][\w/.-]*)\s*[:=]\s*$|([A-Za-z][\w/.-]*)\s*[:=]\s*%")
_HYPERTUNE = "report_hyperparameter_tuning_metric"


@dataclass(frozen=True)
class MetricGuess:
    """A metric that the source names, and the goal its name suggests (None if it does not)."""

    name: str
    goal: Goal | None


def goal_of(name: str) -> Goal | None:
    """Return the direction in which a metric of this name is better, None if it does not tell."""
    words = _words(name)
    if {"negative", "neg"} & words and "likelihood" in words:
        return Goal.MINIMIZE
    if words & _MINIMIZED:
        # scikit-learn's neg_mean_squared_error is better when it is larger.
        return Goal.MAXIMIZE if "neg" in words else Goal.MINIMIZE
    return Goal.MAXIMIZE if words & _MAXIMIZED else None


def guess_metric(trees: Sequence[ast.Module]) -> MetricGuess | None:
    """Return the likeliest metric named in calls that report, log or print; None without one.

    A tag given to cloudml-hypertune wins; then scalars and logged metrics, then printed texts such
    as `rmse=`. Names of held-out data come before plain ones, training ones last.
    """
    best: tuple[int, str] | None = None
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for rank, name in _named_in(node):
                    total = rank + _penalty(name)
                    if best is None or total < best[0]:
                        best = (total, name)
    return None if best is None else MetricGuess(best[1], goal_of(best[1]))


def _named_in(call: ast.Call) -> Iterator[tuple[int, str]]:
    function = dotted_name(call.func).rpartition(".")[2]
    if not function and isinstance(call.func, ast.Attribute):
        function = call.func.attr
    if function == _HYPERTUNE:
        tag = _argument(call, "hyperparameter_metric_tag", 0)
        if isinstance(tag, ast.Constant) and isinstance(tag.value, str):
            yield -100, tag.value
    elif function in _REPORTERS:
        yield from ((10, name) for name in _texts(call) if goal_of(name) is not None)
    if function in _PRINTERS:
        for name in _printed(call):
            if goal_of(name) is not None:
                yield 20, name


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    for word in call.keywords:
        if word.arg == name:
            return word.value
    return call.args[position] if position < len(call.args) else None


def _texts(call: ast.Call) -> Iterator[str]:
    """Yield the metric names among the first argument's text or dictionary keys."""
    for argument in call.args[:1]:
        nodes = argument.keys if isinstance(argument, ast.Dict) else [argument]
        for node in nodes:
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and re.fullmatch(r"[\w/. -]{1,60}", value):
                yield value


def _printed(call: ast.Call) -> Iterator[str]:
    """Yield the names in front of "=" or ":" before a value in printed texts."""
    for argument in call.args:
        parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Mod):
            parts = [argument.left]
        if isinstance(argument, ast.Call) and isinstance(argument.func, ast.Attribute):
            parts = [argument.func.value]
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                for match in _NAMED.finditer(re.sub(r"\{[^{}]*\}", "%", part.value)):
                    yield match[1] or match[2]


def _penalty(name: str) -> int:
    words = _words(name)
    if words & _TRAINING:
        return 8
    # A plain "loss" is mostly the training loss.
    return 0 if words & _HELD_OUT else 4 if words == {"loss"} else 2


def _words(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return set(re.split(r"[^a-z0-9]+", spaced.lower())) - {""}
