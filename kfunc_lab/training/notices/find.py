"""Finds what goes wrong in a training run, in words."""

from collections.abc import Sequence

from kfunc_lab.training.notices.evidence import Run
from kfunc_lab.training.notices.layers import OF_LAYERS
from kfunc_lab.training.notices.loss import divergence, overfitting, rate_too_high
from kfunc_lab.training.notices.nan import not_a_number
from kfunc_lab.training.notices.notice import Notice
from kfunc_lab.training.run_log import RunLog


def find_notices(log: RunLog) -> tuple[Notice, ...]:
    """Finds what goes wrong in a run, at the end of an epoch or in the midst of it.

    What follows from something else is not said: a loss that is NaN is all that is said of a
    run, and where it grows without end, or whole layers are dead, gradients are not spoken of.

    Args:
        log: What is known of the run. Without measures of gradients and activations it finds
            what the losses and the weights tell.

    Returns:
        At most three notices, the gravest first; none for a run that goes well.

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

    Source: of the ratio of updates to weights and the look of losses Karpathy, CS231n, Neural
    networks 3, https://cs231n.github.io/neural-networks-3/; of vanishing gradients and
    saturation Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, 2010; of exploding gradients and clipping Pascanu, Mikolov and Bengio, On the
    difficulty of training recurrent neural networks, 2013; of dead units Lu et al., Dying ReLU
    and initialization, 2019; of the best epoch Prechelt, Early stopping - but when?, 1998.
    """
    run = Run(log)
    for says_all in (not_a_number, divergence):
        notice = says_all(run)
        if notice is not None:
            return (notice,)
    found: list[Notice] = []
    # Of each group the first that is found has the others in its train.
    for rules in ((rate_too_high,), OF_LAYERS, (overfitting,)):
        notice = next(filter(None, (rule(run) for rule in rules)), None)
        if notice is not None and not _follows(notice, found):
            found.append(notice)
    return tuple(found)


def _follows(notice: Notice, found: Sequence[Notice]) -> bool:
    """Tells whether something follows from what was found: too great steps saturate layers."""
    is_vanishing = notice.kind == "vanishing_gradients"
    return is_vanishing and any(it.kind == "rate_too_high" for it in found)
