"""All of our algorithms fulfil the contract."""

import pytest

from wazir.algorithms.evolution.cma_es import CmaEs
from wazir.algorithms.evolution.nsga2 import Nsga2
from wazir.algorithms.evolution.regularized import RegularizedEvolution
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.grid_search import GridSearch
from wazir.algorithms.protocol import Algorithm
from wazir.algorithms.quasi_random import QuasiRandomSearch
from wazir.algorithms.random_search import RandomSearch
from wazir.algorithms.tpe.search import Tpe
from wazir.testing.algorithms import AlgorithmContract

ALGORITHMS: dict[str, Algorithm] = {
    "RANDOM_SEARCH": RandomSearch(),
    "GRID_SEARCH": GridSearch(),
    "QUASI_RANDOM_SEARCH": QuasiRandomSearch(),
    "GP_BANDIT": GpBandit(),
    "TPE": Tpe(),
    "CMA_ES": CmaEs(),
    "NSGA2": Nsga2(),
    "REGULARIZED_EVOLUTION": RegularizedEvolution(),
}


class TestAlgorithms(AlgorithmContract):
    def heeds_prior_studies(self, algorithm: Algorithm) -> bool:
        # Whoever wants a grid wants all of its points, in its order.
        return super().heeds_prior_studies(algorithm) and not isinstance(algorithm, GridSearch)

    @pytest.fixture(params=list(ALGORITHMS))
    def algorithm(self, request: pytest.FixtureRequest) -> Algorithm:
        return ALGORITHMS[request.param]
