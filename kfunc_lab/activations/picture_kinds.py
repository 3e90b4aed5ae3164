"""Chooses the kind of picture for an activation, from its shape and its layer."""

import math

import numpy as np

from kfunc_lab.locale import N_, _
from kfunc_lab.ui.arrays import Numbers

# The name of each kind of picture.
PICTURES = {
    "probabilities": N_("Probabilities"),
    "bars": N_("Bars"),
    "number": N_("Number"),
    "heatmap": N_("Heat map"),
    "sequence": N_("Steps × units"),
    "projection": N_("Projection (PCA)"),
    "maps": N_("Feature maps"),
    "image": N_("Image"),
    "scores": N_("Attention"),
    "words": N_("Text"),
}

# Up to this many numbers are shown as bars by default.
_MAX_BARS = 64
# Layers whose outputs are images if their inputs are.
_IMAGE_LAYERS = {
    "InputLayer",
    "Rescaling",
    "Normalization",
    "Resizing",
    "CenterCrop",
    "ZeroPadding2D",
}
_IMAGE_LAYERS |= {"RandomFlip", "RandomRotation", "RandomZoom", "RandomCrop"}
_IMAGE_LAYERS |= {"RandomTranslation", "RandomBrightness", "RandomContrast"}
_IMAGE_LAYERS |= {"GetItem", "Stack"}
# Layers whose outputs are sequences of token vectors.
_TOKEN_LAYERS = {"Embedding", "ReversibleEmbedding", "TokenAndPositionEmbedding"}


def pictures_for(
    values: Numbers, kind: str = "", activation: str = "", *, is_scores: bool = False
) -> list[str]:
    """Lists the kinds of pictures that suit an activation, with the best kind first.

    Args:
        values: The activation of one sample, without the batch axis.
        kind: The class of the layer that computed it.
        activation: The name of its activation function.
        is_scores: Whether it holds the scores of an attention layer, one matrix for each head.

    Returns:
        Keys of `PICTURES`.

    Example:
        >>> pictures_for(np.zeros((28, 28, 16), "float32"), "Conv2D")
        ['maps']
        >>> pictures_for(np.zeros(10, "float32"), "Dense")
        ['bars', 'heatmap']
    """
    if values.dtype.kind in "OSU":
        return ["words"]
    if values.ndim == 0:
        return ["number"]
    if values.ndim == 1:
        return _for_vector(values, activation)
    if is_scores:
        return ["scores"]
    if values.ndim == 2:
        return _for_matrix(values, kind)
    return ["image", "maps"] if _is_image(values, kind) else ["maps"]


def _for_vector(values: Numbers, activation: str) -> list[str]:
    if len(values) == 1:
        return ["number"]
    plain = ["bars", "heatmap"] if len(values) <= _MAX_BARS else ["heatmap", "bars"]
    if activation == "softmax" or (not activation and _are_probabilities(values)):
        return ["probabilities", *plain]
    return plain


def _for_matrix(values: Numbers, kind: str) -> list[str]:
    can_project = min(values.shape) >= 2 and values.dtype.kind == "f"
    if not can_project:
        return ["sequence"]
    return ["projection", "sequence"] if kind in _TOKEN_LAYERS else ["sequence", "projection"]


def _are_probabilities(values: Numbers) -> bool:
    if values.dtype.kind != "f" or not values.size:
        return False
    if not (values.min() >= 0 and np.isfinite(values.max())):
        return False
    return math.isclose(float(values.sum(dtype=np.float64)), 1, abs_tol=1e-3)


def _is_image(values: Numbers, kind: str) -> bool:
    """Tells whether the channels are colours, as in an input or after preprocessing."""
    return values.ndim == 3 and values.shape[-1] in (1, 3) and kind in _IMAGE_LAYERS


def name_of(picture: str) -> str:
    """Returns the name of a kind of picture, in the current language."""
    return _(PICTURES[picture])
