"""Chooses how an activation is shown, from its shape and the layer that it comes from."""

import math

import numpy as np

from kfunc_lab.locale import N_, _
from kfunc_lab.ui.arrays import Numbers

# What each kind of picture is called.
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

# Up to so many numbers are shown as bars unless something else is asked for.
_MOST_BARS = 64
# Layers whose results are images, as what goes into them.
_OF_IMAGES = {
    "InputLayer",
    "Rescaling",
    "Normalization",
    "Resizing",
    "CenterCrop",
    "ZeroPadding2D",
}
_OF_IMAGES |= {"RandomFlip", "RandomRotation", "RandomZoom", "RandomCrop", "RandomTranslation"}
_OF_IMAGES |= {"RandomBrightness", "RandomContrast", "GetItem", "Stack"}
# Layers whose results are rows of tokens, each a vector.
_OF_TOKENS = {"Embedding", "ReversibleEmbedding", "TokenAndPositionEmbedding"}


def pictures_for(
    values: Numbers, kind: str = "", activation: str = "", *, is_scores: bool = False
) -> list[str]:
    """Lists the kinds of pictures that suit an activation, the best first.

    Args:
        values: The activation of one sample, without the batch.
        kind: The class of the layer that gave it.
        activation: The name of its activation function.
        is_scores: Whether it holds the scores of an attention layer, one matrix a head.

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
    plain = ["bars", "heatmap"] if len(values) <= _MOST_BARS else ["heatmap", "bars"]
    if activation == "softmax" or (not activation and _are_probabilities(values)):
        return ["probabilities", *plain]
    return plain


def _for_matrix(values: Numbers, kind: str) -> list[str]:
    projectable = min(values.shape) >= 2 and values.dtype.kind == "f"
    if not projectable:
        return ["sequence"]
    return ["projection", "sequence"] if kind in _OF_TOKENS else ["sequence", "projection"]


def _are_probabilities(values: Numbers) -> bool:
    if values.dtype.kind != "f":
        return False
    total = float(values.sum(dtype=np.float64))
    return bool(math.isclose(total, 1, abs_tol=1e-3) and values.min() >= 0)


def _is_image(values: Numbers, kind: str) -> bool:
    """Tells whether channels are colours: an input's are, and what is done to it first."""
    return values.ndim == 3 and values.shape[-1] in (1, 3) and kind in _OF_IMAGES


def name_of(picture: str) -> str:
    """Returns what a kind of picture is called, in the language in use."""
    return _(PICTURES[picture])
