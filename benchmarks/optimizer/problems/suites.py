"""Which problems an optimizer may be tuned on, and which ones it is judged by; frozen.

The lists were chosen before any optimizer was run on them, and are not changed after results.
DEVELOPMENT and EVALUATION share no function and no data set: bbob functions 8, 10, 15 and 21, the
classic functions Ackley, Hartmann, Levy and Styblinski-Tang, and the mixed profiles net, cats,
lists and rugged are for development; others are for evaluation, with other instances and seeds.
The conditional profiles of `branches` were added later; they are in both, with other seeds.
(kc1 is data set 1067 of OpenML, phoneme 1489, australian 40981: they lie on one side each.)
Surrogates whose smallest value is the cut-off at 0 were left out (much of xgboost_*), so were
tables in which random search nearly always finds the minimum (hpobench_car).
SLOW is a part of EVALUATION for peers that take minutes per run. FLAT are problems with plateaus, for
development; laboratory tables that EVALUATION does not have, and development problems rounded.
"""

from collections.abc import Mapping

from problems.protocol import Category

Suite = Mapping[Category, tuple[str, ...]]

_DEVELOPMENT: Suite = {
    "low_dimensional": (
        "bbob_f08_d5_i1",
        "bbob_f10_d3_i2",
        "bbob_f15_d5_i3",
        "bbob_f21_d5_i2",
        "ackley_d5_s1",
        "hartmann6_d6_s1",
        "levy_d8_s1",
    ),
    "high_dimensional": (
        "bbobls_f08_d40_i1",
        "bbob_f15_d20_i2",
        "tang_d15_s1",
        "loweff_ackley_e5_d50_s1",
        "lasso_d60_s1",
    ),
    "mixed": (
        "bbobmix_f08_d5_i1",
        "bbobmix_f15_d10_i2",
        "mixed_net_s1",
        "mixed_cats_s1",
        "mixed_lists_s1",
        "mixed_rugged_s1",
        "rpart_12",
        "sklearn_svc_cancer",
    ),
    "tables": (
        "lcbench_126025",
        "lcbench_167168",
        "lcbench_189862",
        "glmnet_41146",
        "hpobench_australian",
        "hpolib_naval",
        "olympus_buchwald",
    ),
    "noisy": (
        "bbob_f08_d5_i1_noise_add",
        "bbob_f15_d5_i3_noise_gauss",
        "mixed_net_s2_noise_strong",
        "hpobench_australian_noisy",
        "hpolib_naval_noisy",
    ),
    "conditional": (
        "xgboost_1049",
        "xgboost_1487",
        "branches_models_s1",
        "branches_layers_s1",
        "branches_switches_s1",
        "branches_nested_s1",
        "sklearn_pipeline_cancer",
    ),
}

_EVALUATION: Suite = {
    "low_dimensional": (
        "bbob_f03_d5_i4",
        "bbob_f06_d10_i5",
        "bbob_f09_d5_i6",
        "bbob_f13_d3_i7",
        "bbob_f17_d5_i8",
        "bbob_f20_d10_i9",
        "bbob_f22_d5_i10",
        "bbob_f24_d2_i11",
        "branin_d2_s11",
        "michalewicz_d5_s11",
        "rastrigin_d8_s11",
        "rosenbrock_d4_s11",
    ),
    "high_dimensional": (
        "bbob_f07_d20_i4",
        "bbob_f12_d20_i6",
        "bbobls_f03_d20_i5",
        "bbobls_f14_d40_i7",
        "bbobls_f18_d40_i8",
        "griewank_d30_s12",
        "rosenbrock_d20_s12",
        "loweff_rastrigin_e5_d50_s11",
        "lasso_d100_s1",
    ),
    "mixed": (
        "bbobmix_f01_d10_i4",
        "bbobmix_f06_d10_i5",
        "bbobmix_f17_d10_i6",
        "mixed_trees_s11",
        "mixed_manycats_s11",
        "mixed_ints_s11",
        "mixed_logints_s11",
        "mixed_logs_s11",
        "mixed_wide_s11",
        "rpart_40685",
        "rpart_1489",
        "sklearn_svc_digits",
        "sklearn_knn_clusters",
        "sklearn_mlp_digits",
        "sklearn_hgb_diabetes",
    ),
    "tables": (
        "lcbench_34539",
        "lcbench_167149",
        "lcbench_167181",
        "lcbench_168331",
        "lcbench_189873",
        "lcbench_189906",
        "glmnet_1067",
        "hpobench_kc1",
        "hpobench_phoneme",
        "hpolib_parkinsons",
        "nasbench201_cifar10",
        "olympus_barrel",
        "olympus_redoxmers",
    ),
    "noisy": (
        "bbob_f06_d5_i12_noise_add",
        "bbob_f17_d10_i13_noise_gauss",
        "rastrigin_d3_s13_noise_strong",
        "mixed_trees_s13_noise_strong",
        "hpobench_kc1_noisy",
        "hpobench_phoneme_noisy",
        "hpolib_parkinsons_noisy",
        "nasbench201_cifar10_noisy",
        "olympus_hplc_noisy",
    ),
    "conditional": (
        "xgboost_1050",
        "xgboost_1464",
        "xgboost_4134",
        "axhss_fashion_mnist",
        "branches_models_s11",
        "branches_models_s12",
        "branches_layers_s11",
        "branches_switches_s11",
        "branches_nested_s11",
        "sklearn_pipeline_clusters",
    ),
}

_FLAT: Suite = {
    "low_dimensional": (
        "bbob_f08_d5_i1_steps12",
        "hartmann6_d6_s1_steps8",
        "levy_d8_s1_steps10",
        "ackley_d5_s1_steps16",
        "bbob_f15_d5_i3_levels20",
        "hartmann6_d6_s1_levels20",
    ),
    "high_dimensional": ("tang_d15_s1_levels20",),
    "mixed": ("mixed_net_s1_steps10", "mixed_net_s1_levels20"),
    "tables": (
        "olympus_agnp",
        "olympus_colors",
        "olympus_oer",
        "olympus_p3ht",
        "olympus_photo",
        "lcbench_126025_levels30",
        "lcbench_189862_steps8",
    ),
}

DEVELOPMENT: tuple[str, ...] = tuple(name for names in _DEVELOPMENT.values() for name in names)
EVALUATION: tuple[str, ...] = tuple(name for names in _EVALUATION.values() for name in names)
SLOW: tuple[str, ...] = (
    "bbob_f20_d10_i9",
    "bbobls_f03_d20_i5",
    "mixed_logs_s11",
    "rpart_40685",
    "lcbench_189906",
    "hpobench_phoneme",
    "mixed_trees_s13_noise_strong",
    "hpolib_parkinsons_noisy",
)
FLAT: tuple[str, ...] = tuple(name for names in _FLAT.values() for name in names)
CONDITIONAL: tuple[str, ...] = _EVALUATION["conditional"]
SUITES: Mapping[str, tuple[str, ...]] = {
    "development": DEVELOPMENT,
    "conditional": CONDITIONAL,
    "flat": FLAT,
    "evaluation": EVALUATION,
    "slow": SLOW,
}


def category_of(name: str) -> Category:
    """Return the category of a problem of the suites.

    Raises:
        KeyError: the problem is in no suite.
    """
    for suite in (_DEVELOPMENT, _FLAT, _EVALUATION):
        for category, names in suite.items():
            if name in names:
                return category
    raise KeyError(f"{name!r} is in no suite")
