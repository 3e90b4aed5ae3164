"""A small network that reads digits, trained and stored in the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_FILE = Path(__file__).with_suffix(".keras")


def digits_model() -> keras.Model:
    """Loads a convolutional network that reads handwritten digits, already trained.

    It was trained on the training digits of `mnist(source="embedded")`. It is not compiled: it
    can predict and be part of other models, but compile it before you evaluate or train it.

    Returns:
        The network, a new object at each call. It takes images of shape (n, 28, 28, 1), with grey
        levels from 0 to 1, and returns probabilities of shape (n, 10), one for each digit.

    Example:
        >>> model = digits_model()
        >>> [layer.name for layer in model.layers]
        ['img', 'edges', 'pool_1', 'parts', 'pool_2', 'flatten', 'features', 'digit']
        >>> model.get_layer("edges").output.shape
        (None, 26, 26, 16)
    """
    import keras

    loaded = keras.saving.load_model(_FILE, compile=False, safe_mode=True)
    # The file comes from an older Keras, so the loaded model would take a list of one input.
    return keras.Model(loaded.inputs[0], loaded.outputs[0], name=loaded.name)
