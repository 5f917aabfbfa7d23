"""What the search asks of a process that was conditioned on data, whatever its mean is made of."""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from wazir.surrogates.gaussian_process import Data, Hyperparameters, Prediction
from wazir.surrogates.kernels import Kernel

Array: TypeAlias = NDArray[np.float64]


class Process(Protocol):
    """See GaussianProcess for the words; features F have shape (m, p)."""

    @property
    def parameters(self) -> Hyperparameters:
        """The hyperparameters."""
        ...

    @property
    def kernel(self) -> Kernel:
        """The covariance function."""
        ...

    @property
    def data(self) -> Data:
        """What was seen, and after it what is believed."""
        ...

    @property
    def bent(self) -> Array:
        """The features of the data after input warping, shape (n, p)."""
        ...

    def means_at_data(self) -> Array:
        """Return the means at the data, shape (n,)."""
        ...

    def mean(self, F: Array) -> Array:
        """Return the means at rows of F, shape (m,)."""
        ...

    def predict(self, F: Array) -> Prediction:
        """Return mean and standard deviation at rows of F."""
        ...

    def joint(self, F: Array) -> tuple[Array, Array]:
        """Return mean (m,) and covariance (m, m) at rows of F."""
        ...

    def predict_with_gradient(self, F: Array, n_leading: int) -> tuple[Prediction, Array, Array]:
        """Return the prediction and gradients by the first features, (m, n_leading) each."""
        ...

    def believe(self, F: Array) -> "Process":
        """Return the process as if its own means had been seen, without noise, at rows of F."""
        ...
