"""The scrambled Sobol sequence: points that fill the unit cube evenly, in any number.

Direction numbers follow Joe and Kuo (2008). Scrambling is Matousek's linear matrix scramble with
a digital shift (J. Complexity 14, 1998): it keeps every property of the net and makes each point
uniform over the cube.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.sobol_numbers import JOE_KUO

N_BITS = 32
N_DIMENSIONS = len(JOE_KUO) + 1

_SALT = 2
_UNIT = 2.0**-N_BITS


def scrambled_sobol(indices: NDArray[np.int64], n_dimensions: int, seed: int) -> Array:
    """Return the points of a seed's sequence at `indices`, each in [0, 2**32), from 0.

    The result has shape (len(indices), n_dimensions) and lies inside (0, 1). The same seed gives
    the same sequence for any choice of indices. Dimensions from the 129th on are independent
    uniform numbers: no direction numbers are kept for them.
    """
    n_net = min(n_dimensions, N_DIMENSIONS)
    plain = sobol_integers(indices, n_net)
    rng = np.random.default_rng([seed, _SALT])
    masks, shift = _scramble(rng, n_net)
    scrambled = _multiply(masks, plain) ^ shift
    net = (scrambled.astype(np.float64) + 0.5) * _UNIT
    if n_dimensions == n_net:
        return net
    rest = [
        np.random.default_rng([seed, _SALT, int(index)]).random(n_dimensions - n_net)
        for index in indices
    ]
    return np.hstack([net, np.array(rest).reshape(len(indices), -1)])


def sobol_integers(indices: NDArray[np.int64], n_dimensions: int) -> NDArray[np.uint64]:
    """Return the unscrambled points times 2**32, shape (len(indices), n_dimensions).

    Point i is the exclusive or of the direction numbers of the bits of i, without Gray code: the
    first 2**k points are the same set in another order.
    """
    points = np.zeros((len(indices), n_dimensions), dtype=np.uint64)
    for bit in range(int(np.max(indices, initial=0)).bit_length()):
        rows = (indices >> bit) & 1 == 1
        points[rows] ^= np.array(_directions(bit)[:n_dimensions], dtype=np.uint64)
    return points


@lru_cache(maxsize=N_BITS)
def _directions(bit: int) -> tuple[int, ...]:
    """Return the direction numbers of one bit of the index, for all dimensions."""
    first = 1 << (N_BITS - 1 - bit)
    return (first, *(_initial(j)[bit] << (N_BITS - 1 - bit) for j in range(N_DIMENSIONS - 1)))


@lru_cache(maxsize=N_DIMENSIONS)
def _initial(row: int) -> tuple[int, ...]:
    """Return the numbers m_1, ..., m_32 of a dimension by the recurrence of its polynomial."""
    polynomial, *m = JOE_KUO[row]
    degree = polynomial.bit_length() - 1
    while len(m) < N_BITS:
        number = m[-degree] ^ (m[-degree] << degree)
        for lag in range(1, degree):
            if polynomial >> (degree - lag) & 1:
                number ^= m[-lag] << lag
        m.append(number)
    return tuple(m)


def _scramble(
    rng: np.random.Generator, n_dimensions: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return random lower triangular bit matrices, one mask per output bit, and shifts.

    Bit b, counted from the most significant, depends on itself and random higher bits.
    """
    # Drawn for every dimension, so that a dimension does not change with their number.
    random = rng.integers(0, 1 << N_BITS, size=(N_DIMENSIONS, N_BITS + 1), dtype=np.uint64)
    places = np.arange(N_BITS - 1, -1, -1, dtype=np.uint64)
    own = np.uint64(1) << places
    higher = np.uint64((1 << N_BITS) - 1) ^ (own | (own - np.uint64(1)))
    masks = (random[:n_dimensions, :N_BITS] & higher) | own
    return masks, random[:n_dimensions, N_BITS]


def _multiply(masks: NDArray[np.uint64], points: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Multiply points, shape (n, d), by bit matrices, shape (d, 32), over GF(2)."""
    bits = points[:, :, None] & masks
    for half in (16, 8, 4, 2, 1):
        bits = bits ^ (bits >> np.uint64(half))
    parity = bits & np.uint64(1)
    places = np.arange(N_BITS - 1, -1, -1, dtype=np.uint64)
    result: NDArray[np.uint64] = (parity << places).sum(axis=2, dtype=np.uint64)
    return result
