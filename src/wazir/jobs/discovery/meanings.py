"""What the names of options mean: which are hyperparameters, and of what kind."""

import re
from dataclasses import dataclass

from wazir.jobs.discovery.options import ProgramOption

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FLAG_PREFIXES = ("no-", "no_", "use-", "use_", "enable-", "enable_", "disable-", "disable_")


@dataclass(frozen=True)
class _Words:
    """A set of single words and of phrases, matched in a name cut at its separators."""

    words: frozenset[str]

    def matches(self, name: str) -> bool:
        """Return whether one of the words or phrases stands in the name as whole words."""
        padded = f"_{name}_"
        return any(f"_{word}_" in padded for word in self.words)


def _words(text: str) -> _Words:
    return _Words(frozenset(text.split()))


def plain_name(name: str) -> str:
    """Return a name in lower case with its words joined by "_": `maxDepth` is `max_depth`."""
    return re.sub(r"[^a-z0-9]+", "_", _CAMEL.sub("_", name).lower()).strip("_")


RATE = _words(
    """
    learning_rate learn_rate learningrate lr lr0 eta eta0 step_size stepsize base_lr lr_init
    init_lr max_lr min_lr lrate
    """
)
PENALTY = _words(
    """
    weight_decay weightdecay wd decay_rate l1 l2 reg reg_lambda reg_alpha lambda lambda1
    lambda2 lam alpha regularization regularizer regularisation penalty ridge lasso
    l1_regularization l2_regularization l1_reg l2_reg min_child_weight c nu c_reg kl_weight
    """
)
LOG_SIZED = _words(
    """
    gamma tol tolerance eps epsilon temperature sigma noise variance std stddev bandwidth coef
    coefficient length_scale lengthscale
    """
)
DROPOUT = _words("dropout drop drop_rate droprate dropout_rate drop_prob drop_path smoothing")
NEAR_ONE = _words(
    """
    momentum beta beta1 beta2 beta_1 beta_2 gamma discount discount_factor polyak ema ema_decay
    rho decay lambda lam gae_lambda tau alpha ema_rate
    """
)
FRACTION = _words(
    """
    fraction frac ratio prob probability percent subsample colsample colsample_bytree
    colsample_bylevel feature_fraction bagging_fraction keep_prob mixup cutmix p rate
    warmup_ratio warmup_proportion l1_ratio max_features quantile threshold
    """
)
WEIGHT_SIZES = _words(
    """
    batch batch_size batchsize bs minibatch units hidden size dim dims width filters channels
    neurons nodes estimators trees leaves embed embedding nnsize rank d_model nembeds ffn ff
    boost_round boost_rounds minibatches ngf ndf nhid emsize
    """
)
KERNEL = _words("kernel kernel_size ksize filter_size kernelsize")
HEADS = _words("heads n_heads nhead num_heads nheads")
SCHEDULE = _words(
    """
    warmup decay_steps decay_epochs lr_decay_epoch lr_step step_size stepsize milestones
    annealing t_max n_estimators num_trees boost_round boost_rounds num_boost_round truncation
    """
)

BUDGET = "it is a budget: more is mostly better, and slower"
_EVALUATION = "it concerns the evaluation, not the training"
_HELD_OUT = "it decides which data are held out, so trials could not be compared"
_SEED = "it is a source of chance, not a hyperparameter"
_MACHINE = "it concerns the machine and the speed, not the result"
_OUTPUT = "it concerns what is shown or written"
_DATA = "the data decide it"
_PLACE = "it names a file, a place or a thing"
_MODE = "it says what to do, not how well"

# The first rule that matches gives the reason. Rules that only hold for flags or texts come last.
_EXCLUDED: tuple[tuple[_Words, str], ...] = (
    (_words(
        """
        seed seeds random_state randomstate rng random_seed fold folds replicate trial
        """
    ), _SEED),
    (
        _words(
            """
            test_size val_size valid_size validation_split val_split test_split data_split train_split holdout
            validation_fraction val_fraction test_fraction val_frac test_frac train_size
            train_fraction val_ratio test_ratio train_ratio valid_ratio cv
            """
        ),
        _HELD_OUT,
    ),
    (
        _words(
            """
            interval every freq frequency verbose verbosity debug quiet logs log_level log_dir
            log_file log_path log_steps logger logging logdir loglevel print progress plot show
            wandb tensorboard mlflow report profile summary profiler dry_run version export
            upload save notify visualize monitor keep_checkpoint_max keep_checkpoints silent
            """
        ),
        _OUTPUT,
    ),
    (
        _words(
            """
            eval evaluate evaluation test testing val valid validation inference predict
            prediction generate
            """
        ),
        _EVALUATION,
    ),
    (
        _words(
            """
            workers num_workers threads nthreads nthread n_threads num_threads jobs n_jobs
            nproc nprocs gpu gpus cpu cpus device devices cuda tpu tpus mps local_rank
            world_size world node_rank cores prefetch parallelism parallel buffer buffer_size
            cache shuffle_buffer shuffle_buffer_size pin pin_memory memory amp fp16 bf16 fp32
            tf32 precision mixed_precision half port host backend distributed dist_backend
            dist_url master_addr master_port multiprocessing compile jit xla deterministic
            benchmark gradient_checkpointing timeout num_gpus num_nodes n_gpu n_cpu
            """
        ),
        _MACHINE,
    ),
    (
        _words(
            """
            epoch epochs steps iterations iteration iters iter niter n_iter max_iter maxiter
            timesteps episodes duration max_time time_limit training_time hours num_samples
            n_samples train_samples num_examples n_examples train_examples patience rounds
            max_steps early_stopping early_stopping_rounds
            """
        ),
        BUDGET,
    ),
    (
        _words(
            """
            classes num_classes n_classes nclasses labels num_labels n_labels vocab vocab_size
            n_features num_features nfeatures input_dim input_size input_shape in_channels
            in_features out_features out_channels output_size num_outputs n_outputs image_size
            img_size imgsize image_width image_height num_channels
            """
        ),
        _DATA,
    ),
    (
        _words(
            """
            path paths dir dirs directory file files filename folder root output outputs out
            outdir output_dir checkpoint checkpoints ckpt load restore resume bucket uri url
            address ip user username password token api_key project region zone run_id run_name
            tag tags experiment exp exp_name id config conf cfg prefix suffix table database
            dataset datasets csv pretrained weights job_dir jobdir entity group column columns
            download cloud model_dir
            """
        ),
        _PLACE,
    ),
    (_words("mode task phase stage command action train training do_train data"), _MODE),
)  # fmt: skip
# These words win over the exclusions: `decay_steps` and `warmup_epochs` are hyperparameters.
_STRONG = (RATE, DROPOUT, SCHEDULE)
_STRONG_PHRASES = _words(
    """
    weight_decay batch_size momentum l1 l2 beta1 beta2 hidden_units hidden_size num_layers
    n_layers steps_per_update n_estimators optimizer activation reg_lambda reg_alpha subsample
    data_augmentation augment augmentation entropy_coef accumulation_steps accum_steps
    update_freq update_frequency update_interval update_every
    """
)
_ONLY_EVALUATION = _words("eval test val valid validation evaluation inference predict")


def reason_to_leave_out(option: ProgramOption) -> str:
    """Return why an option is no hyperparameter by its name, "" if it may be one."""
    name = plain_name(_without_prefix(option))
    if _ONLY_EVALUATION.matches(name) and not any(one.matches(name) for one in (RATE, DROPOUT)):
        held_out = _EXCLUDED[1][0].matches(name)
        return _HELD_OUT if held_out else _EVALUATION
    is_strong = any(one.matches(name) for one in (*_STRONG, _STRONG_PHRASES))
    is_text = option.kind == "str" and not option.choices
    for words, reason in _EXCLUDED:
        if reason is _MODE and option.kind not in ("str", "bool"):
            continue
        if words.matches(name) and (not is_strong or (is_text and reason is _PLACE)):
            return reason
    return ""


def _without_prefix(option: ProgramOption) -> str:
    for prefix in _FLAG_PREFIXES if option.kind == "bool" else ():
        if option.name.startswith(prefix):
            return option.name.removeprefix(prefix)
    return option.name
