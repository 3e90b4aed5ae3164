"""Reads the losses of compiled models, and names the mistakes that several exercises share."""

import difflib
from typing import Any

from kfunc_lab.graph.lint.losses import kind_of_loss
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.lessons.checking.exercise import Wrong
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable


def read_loss(name: str, loss: Any) -> tuple[str, bool]:
    """Returns the name of a loss, such as `"mean_squared_error"`, and whether it takes logits.

    Args:
        name: The output or model that has the loss, for the message.
        loss: A string, a loss object or a function.

    Raises:
        Wrong: If it is a string that names no loss.
    """
    if isinstance(loss, str):
        _check_spelling(name, loss)
    return kind_of_loss(loss)


def _check_spelling(name: str, loss: str) -> None:
    import keras

    try:
        keras.losses.get(loss)
    except ValueError:
        known = [other for other in dir(keras.losses) if other.islower() and other[0] != "_"]
        close = difflib.get_close_matches(loss.lower(), known, n=1)
        message = (
            _("`{name}`: Keras has no loss `{loss}`. Do you mean `{close}`?")
            if close
            else _("`{name}`: Keras has no loss `{loss}`.")
        )
        raise Wrong(
            message.format(name=name, loss=printable(loss), close="".join(close))
        ) from None


def activation_of(call: Call) -> str:
    """Returns the activation with which a call of a normal form ends."""
    return str(call.settings.get("activation") or "linear")


def check_applied_once(name: str, activation: str, from_logits: bool) -> None:
    """Raises `Wrong` if both the layer and the loss turn scores into probabilities."""
    if from_logits and activation in ("softmax", "sigmoid"):
        raise Wrong(
            _(
                "`{name}`: `{activation}` is applied twice, by the layer and, because of "
                "`from_logits=True`, by the loss. Keep one of them."
            ).format(name=name, activation=activation)
        )
