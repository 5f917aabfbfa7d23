"""What is believed about the hyperparameters of a Gaussian process before any data."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

# The numbers were chosen on 30 synthetic problems of 2 to 30 parameters: length scales that are
# shorter than the usual choice, growing with the square root of the number of parameters because
# distances do.
LENGTH_SCALE_CENTRE = -2.0
LENGTH_SCALE_SD = 1.0
CATEGORICAL_SHIFT = 1.5
VARIANCE_CENTRE, VARIANCE_SD = 0.0, 0.5
TREND_CENTRE, TREND_SD = -1.5, 1.5
BEND_SD = 0.3
LENGTH_SCALE_RANGE = (0.005, 300.0)
VARIANCE_RANGE = (0.02, 50.0)
NOISE_RANGE = (1e-6, 2.0)
TREND_RANGE = (1e-4, 50.0)
BEND_RANGE = (0.25, 4.0)


@dataclass(frozen=True)
class NoisePrior:
    """Centre and standard deviation of the logarithm of the noise variance, before any data."""

    centre: float
    sd: float


# With a centre of -7 discrete and categorical parameters hid the noise: short length scales
# explain every value as well. docs/explanation/optimizer.md has the comparison.
LITTLE_NOISE = NoisePrior(-7.0, 3.0)
SOME_NOISE = NoisePrior(-5.0, 2.5)
MUCH_NOISE = NoisePrior(-4.0, 2.0)


@dataclass(frozen=True)
class LogNormalPrior:
    """A Gaussian over the logarithms of the hyperparameters, and a box that bounds them.

    All arrays have shape (k,) and hold logarithms: the length scales, the variance, the noise, the
    variance of a trend if there is one, and a and b of the input warping. The first `n_length_scales` are length scales.
    """

    centre: Array
    sd: Array
    low: Array
    high: Array
    n_length_scales: int

    def penalty(self, theta: Array) -> tuple[float, Array]:
        """Return minus the log density up to a constant, and its gradient, at `theta` (k,)."""
        scaled = (theta - self.centre) / self.sd
        return 0.5 * float(scaled @ scaled), scaled / self.sd


def default_prior(
    is_categorical: NDArray[np.bool_],
    n_warped: int = 0,
    *,
    has_trend: bool = False,
    noise: NoisePrior = SOME_NOISE,
) -> LogNormalPrior:
    """Return the prior for one length scale per parameter, a variance, a noise, a trend and the bends.

    `is_categorical` has shape (d,): whether a parameter's distances are 0 or 1 (different). Of
    `n_warped` features the inputs are bent. Inputs are expected in [0, 1], outputs with mean 0
    and variance 1.
    """
    d = len(is_categorical)
    centre = LENGTH_SCALE_CENTRE + 0.5 * math.log(max(d, 1))
    centres = np.where(is_categorical, centre + CATEGORICAL_SHIFT, centre)
    ranges = [LENGTH_SCALE_RANGE] * d + [VARIANCE_RANGE, NOISE_RANGE]
    ranges += [TREND_RANGE] * has_trend + [BEND_RANGE] * (2 * n_warped)
    low, high = np.log(ranges).T
    trend, bends = np.full(int(has_trend), TREND_CENTRE), np.zeros(2 * n_warped)
    return LogNormalPrior(
        centre=np.r_[centres, VARIANCE_CENTRE, noise.centre, trend, bends],
        sd=np.r_[
            np.full(d, LENGTH_SCALE_SD),
            *(VARIANCE_SD, noise.sd),
            np.full_like(trend, TREND_SD),
            np.full_like(bends, BEND_SD),
        ],
        low=low,
        high=high,
        n_length_scales=d,
    )
