"""A small trained network of digits, kept in the package, to look inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_FILE = Path(__file__).with_suffix(".keras")


def digits_model() -> keras.Model:
    """Loads a convolutional network that reads handwritten digits, already trained.

    It was trained on the digits that `mnist(source="embedded")` gives to train with. It is not
    compiled: it predicts, and can be cut and joined as any model, but to evaluate or train it
    you compile it first.

    Returns:
        The network, anew at every call. It takes images of shape (n, 28, 28, 1), in grey levels
        from 0 to 1, and gives probabilities of shape (n, 10), one for each digit.

    Example:
        >>> model = digits_model()
        >>> [layer.name for layer in model.layers]
        ['img', 'edges', 'pool_1', 'parts', 'pool_2', 'flatten', 'features', 'digit']
        >>> model.get_layer("edges").output.shape
        (None, 26, 26, 16)
    """
    import keras

    loaded = keras.saving.load_model(_FILE, compile=False, safe_mode=True)
    # As it was written by an older Keras, it would come with a list of one input.
    return keras.Model(loaded.inputs[0], loaded.outputs[0], name=loaded.name)
