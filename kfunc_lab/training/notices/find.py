"""Finds problems in a training run, and describes them in sentences."""

from collections.abc import Sequence

from kfunc_lab.training.notices.evidence import Run
from kfunc_lab.training.notices.layers import LAYER_RULES
from kfunc_lab.training.notices.loss import divergence, overfitting, rate_too_high
from kfunc_lab.training.notices.nan import not_a_number
from kfunc_lab.training.notices.notice import Notice
from kfunc_lab.training.run_log import RunLog


def find_notices(log: RunLog) -> tuple[Notice, ...]:
    """Finds problems in a run, at the end of an epoch or during it.

    Consequences of another problem are left out: a loss that is NaN is the only notice of a run,
    and there is no notice about gradients if the loss diverges or whole layers are dead.

    Args:
        log: The log of the run. Without measures of gradients and activations, it only finds
            problems that show in the losses and the weights.

    Returns:
        At most three notices, with the most serious first; none for a healthy run.

    Example:
        >>> log = RunLog()
        >>> log.learning_rate[0] = 0.1
        >>> _numbers = log.end_epoch(0, {"loss": float("nan")})
        >>> (notice,) = find_notices(log)
        >>> print(notice.said)
        The loss became NaN in epoch 1.
        >>> print(notice.advice)
        Check with `np.isfinite(x).all()` that the data contains no NaN; if it contains none, try
        a learning rate ten times smaller, 0.01 instead of 0.1, or clip the gradients with
        `clipnorm=1.0` in the optimizer.

    Source: on the ratio of updates to weights and the shape of loss curves, Karpathy, CS231n,
    Neural networks 3, https://cs231n.github.io/neural-networks-3/; on vanishing gradients and
    saturation, Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, 2010; on exploding gradients and clipping, Pascanu, Mikolov and Bengio, On
    the difficulty of training recurrent neural networks, 2013; on dead units, Lu et al., Dying
    ReLU and initialization, 2019; on the best epoch, Prechelt, Early stopping - but when?, 1998.
    """
    run = Run(log)
    for rule in (not_a_number, divergence):
        notice = rule(run)
        if notice is not None:
            return (notice,)
    notices: list[Notice] = []
    # The first notice of each group is the cause of the others in the group.
    for rules in ((rate_too_high,), LAYER_RULES, (overfitting,)):
        notice = next(filter(None, (rule(run) for rule in rules)), None)
        if notice is not None and not _is_consequence(notice, notices):
            notices.append(notice)
    return tuple(notices)


def _is_consequence(notice: Notice, notices: Sequence[Notice]) -> bool:
    """Tells whether a problem follows from an earlier one: steps that are too large saturate."""
    is_vanishing = notice.kind == "vanishing_gradients"
    return is_vanishing and any(earlier.kind == "rate_too_high" for earlier in notices)
