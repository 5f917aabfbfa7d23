"""Minimisation of smooth functions inside a box by BFGS with projected steps.

`descend` follows one start, `descend_all` many at once. Both keep a dense approximation of the
inverse Hessian (J. Nocedal and S. Wright, "Numerical Optimization", 2006, equation 6.17), use only
the coordinates that are free to move (D. Bertsekas, SIAM J. Control Optim. 20, 1982), and shorten a
step until it satisfies Armijo's rule. They are written for problems of up to about a hundred
coordinates whose evaluation costs well under a millisecond, where the bookkeeping of a general
library costs more than the function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Objective: TypeAlias = Callable[[Array], tuple[float, Array]]
BatchObjective: TypeAlias = Callable[[Array], tuple[Array, Array]]

_ARMIJO = 1e-4
_SHRINK = (0.1, 0.5)
_MIN_STEP = 1e-6
# A step of BFGS that leads far out of the region in which the curvature was seen is cut.
_MAX_MOVE = 3.0
_MIN_CURVATURE = 1e-10
_TINY = 1e-300
# So many gains in a row below the tolerance end a descent.
_N_SMALL_GAINS = 2


@dataclass(frozen=True)
class Limits:
    """When a descent ends.

    `n_evaluations` bounds the calls of the objective; `gain` is the relative decrease and
    `gradient` the largest free component below which nothing more is expected; `first_step` is
    the largest move of a coordinate before any curvature is known.
    """

    n_evaluations: int
    first_step: float = 0.5
    gain: float = 1e-5
    gradient: float = 1e-3


def descend(
    objective: Objective, start: Array, low: Array, high: Array, limits: Limits
) -> tuple[Array, float]:
    """Return the best point found from `start`, shape (d,), and its value.

    `objective` returns a value and its gradient, shape (d,); a value that is not finite is
    treated as too large. The result lies in [low, high] and is never worse than the start there.
    """
    x = np.minimum(np.maximum(start, low), high)
    value, gradient = objective(x)
    hessian: Array | None = None
    n_left, n_small = limits.n_evaluations - 1, 0
    while n_left > 0:
        free = ~(((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0)))
        slope = gradient * free
        if float(np.max(np.abs(slope), initial=0.0)) < limits.gradient:
            break
        move = _move(hessian, slope, free, limits.first_step)
        line = _Line(x, value, gradient, move, low, high)
        found, n_used = line.search(objective, n_left)
        n_left -= n_used
        if found is None:
            if hessian is None:
                break
            hessian = None
            continue
        new, new_value, new_gradient = found
        hessian = _updated(hessian, new - x, new_gradient - gradient)
        is_small = value - new_value <= limits.gain * max(abs(value), 1.0)
        n_small = n_small + 1 if is_small else 0
        x, value, gradient = new, new_value, new_gradient
        if n_small >= _N_SMALL_GAINS:
            break
    return x, float(value)


@dataclass(frozen=True)
class _Line:
    """A search along the projected line x + t move."""

    x: Array
    value: float
    gradient: Array
    move: Array
    low: Array
    high: Array

    def search(
        self, objective: Objective, n_evaluations: int
    ) -> tuple[tuple[Array, float, Array] | None, int]:
        """Return the first point that is good enough, or None, and the evaluations used."""
        t = 1.0
        for n_used in range(1, n_evaluations + 1):
            new = np.minimum(np.maximum(self.x + t * self.move, self.low), self.high)
            slope = float(self.gradient @ (new - self.x))
            value, gradient = objective(new)
            if slope < 0 and value <= self.value + _ARMIJO * slope:
                return (new, value, gradient), n_used
            bend = value - self.value - slope
            t *= min(max(-0.5 * slope / bend, _SHRINK[0]), _SHRINK[1]) if bend > 0 else _SHRINK[1]
            if t < _MIN_STEP:
                return None, n_used
        return None, n_evaluations


def _move(hessian: Array | None, slope: Array, free: Mask, first_step: float) -> Array:
    if hessian is None:
        largest = float(np.max(np.abs(slope)))
        return -slope * (first_step / max(largest, first_step))
    move: Array = -(hessian @ slope) * free
    largest = float(np.max(np.abs(move)))
    return move * (_MAX_MOVE / largest) if largest > _MAX_MOVE else move


def _updated(hessian: Array | None, s: Array, y: Array) -> Array | None:
    """Return the inverse Hessian after a step s (d,) that changed the gradient by y (d,)."""
    sy, yy = float(s @ y), float(y @ y)
    if not sy > _MIN_CURVATURE * yy:
        return hessian
    if hessian is None:
        hessian = np.eye(len(s)) * (sy / yy)
    hy = hessian @ y
    cross = np.outer(s / sy, hy)
    result: Array = hessian - cross - cross.T
    result += np.outer(s * ((1.0 + float(y @ hy) / sy) / sy), s)
    return result


def descend_all(
    objective: BatchObjective, starts: Array, low: Array, high: Array, limits: Limits
) -> tuple[Array, Array]:
    """Return the best point found from each of `starts` (m, d), and their values (m,).

    `objective` maps points (m, d) to values (m,) and gradients (m, d), row by row. `low` and
    `high` have shape (d,). All starts share each evaluation, yet each has its own step length and
    curvature, so a start goes the same way whatever its neighbours do.
    """
    state = _Descents(np.minimum(np.maximum(starts, low), high), low, high, limits)
    state.begin(*objective(state.X))
    for _ in range(limits.n_evaluations - 1):
        if state.done.all():
            break
        new = state.proposals()
        state.receive(new, *objective(new))
    return state.X, state.values


class _Descents:
    """Many descents in step; arrays have one row per start."""

    def __init__(self, X: Array, low: Array, high: Array, limits: Limits) -> None:
        m, d = X.shape
        self.X, self.low, self.high, self.limits = X, low, high, limits
        self.values = np.zeros(m)
        self.done = np.zeros(m, dtype=np.bool_)
        self._G = np.zeros_like(X)
        self._H = np.zeros((m, d, d))
        self._is_fresh = np.ones(m, dtype=np.bool_)
        self._wants_move = np.ones(m, dtype=np.bool_)
        self._moves = np.zeros_like(X)
        self._t = np.ones(m)
        self._n_small = np.zeros(m, dtype=np.intp)

    def begin(self, values: Array, gradients: Array) -> None:
        """Take the values (m,) and gradients (m, d) at the starts."""
        self.values, self._G = values, gradients
        self.done = ~np.isfinite(values)

    def proposals(self) -> Array:
        """Return the points to evaluate next, shape (m, d)."""
        if self._wants_move.any():
            self._find_moves()
        new = self.X + self._t[:, None] * self._moves
        inside: Array = np.minimum(np.maximum(new, self.low), self.high)
        return np.where(self.done[:, None], self.X, inside) if self.done.any() else inside

    def _find_moves(self) -> None:
        X, G, low, high = self.X, self._G, self.low, self.high
        free = ~(((low >= X) & (G > 0)) | ((high <= X) & (G < 0)))
        slope = np.where(free, G, 0.0)
        if self._is_fresh.all():
            move = -slope
        else:
            curved = -np.where(free, np.matmul(self._H, slope[:, :, None])[:, :, 0], 0.0)
            move = np.where(self._is_fresh[:, None], -slope, curved)
        largest = np.abs(move).max(axis=1, initial=0.0)
        limit = np.where(self._is_fresh, self.limits.first_step, _MAX_MOVE)
        move *= (limit / np.maximum(largest, limit))[:, None]
        if self._wants_move.all():
            self._moves = move
            self._t = np.ones(len(X))
        else:
            self._moves = np.where(self._wants_move[:, None], move, self._moves)
            self._t = np.where(self._wants_move, 1.0, self._t)
        flat = np.abs(slope).max(axis=1, initial=0.0) < self.limits.gradient
        self.done = self.done | (self._wants_move & flat)

    def receive(self, new: Array, values: Array, gradients: Array) -> None:
        """Take the values (m,) and gradients (m, d) at `new`, as returned by `proposals`."""
        S = new - self.X
        slope = np.einsum("ij,ij->i", self._G, S)
        accepted = ~self.done & (slope < 0) & (values <= self.values + _ARMIJO * slope)
        self._learn(accepted, S, gradients - self._G)
        gain = self.values - values
        small = gain <= self.limits.gain * np.maximum(np.abs(self.values), 1.0)
        self._n_small = np.where(accepted, np.where(small, self._n_small + 1, 0), self._n_small)
        if not accepted.all():
            self._shorten(~accepted, slope, -gain)
        self.X = np.where(accepted[:, None], new, self.X)
        self._G = np.where(accepted[:, None], gradients, self._G)
        self.values = np.where(accepted, values, self.values)
        failed = ~accepted & ~self.done & (self._t < _MIN_STEP)
        # A failure with curvature is tried once more along the plain gradient.
        again = failed & ~self._is_fresh
        self._is_fresh |= again
        self.done = self.done | (failed & ~again) | (self._n_small >= _N_SMALL_GAINS)
        self._wants_move = (accepted | again) & ~self.done

    def _shorten(self, rejected: Mask, slope: Array, rise: Array) -> None:
        """Put the step of rejected proposals at the minimum of the parabola through them."""
        bend = rise - slope
        curved = np.isfinite(bend) & (bend > 0)
        ratio = np.where(curved, -0.5 * slope / np.where(curved, bend, 1.0), _SHRINK[1])
        shrink = np.minimum(np.maximum(ratio, _SHRINK[0]), _SHRINK[1])
        self._t = np.where(rejected, self._t * shrink, self._t)

    def _learn(self, accepted: Mask, S: Array, Y: Array) -> None:
        """Update the inverse Hessians of accepted steps that show positive curvature."""
        sy, yy = np.einsum("ij,ij->i", S, Y), np.einsum("ij,ij->i", Y, Y)
        seen = accepted & (sy > _MIN_CURVATURE * yy + _TINY)
        if not seen.any():
            return
        first = seen & self._is_fresh
        if first.any():
            ratio = np.where(first, sy / np.maximum(yy, _TINY), 0.0)
            self._H[first] = np.eye(S.shape[1]) * ratio[first][:, None, None]
            self._is_fresh &= ~first
        # A slice makes views, a mask copies.
        rows: slice | Mask = slice(None) if seen.all() else seen
        H, s, y, sy = self._H[rows], S[rows], Y[rows], sy[rows, None]
        hy = np.matmul(H, y[:, :, None])[:, :, 0]
        cross = (s / sy)[:, :, None] * hy[:, None, :]
        weight = (1.0 + np.einsum("ij,ij->i", y, hy)[:, None] / sy) / sy
        H -= cross + cross.transpose(0, 2, 1)
        H += (s * weight)[:, :, None] * s[:, None, :]
        self._H[rows] = H
