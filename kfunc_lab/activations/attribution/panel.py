"""Attributions on the page: the options that it offers, and the result as JSON and sentences."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import Attribution, unsupported_reason
from kfunc_lab.activations.attribution.grad_cam import grad_cam, layers_for_grad_cam
from kfunc_lab.activations.attribution.integrated_gradients import integrated_gradients
from kfunc_lab.activations.attribution.occlusion import occlusion
from kfunc_lab.activations.attribution.score import head_of
from kfunc_lab.activations.page_data import image_data
from kfunc_lab.activations.pictures import number
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.image import Image
from kfunc_lab.ui.text import printable

METHODS = {
    "grad_cam": N_("Grad-CAM"),
    "integrated_gradients": N_("Integrated gradients"),
    "occlusion": N_("Occlusion"),
}

Progress = Callable[[int, int], None]


def attribution_options(model: Any) -> dict[str, Any]:
    """Returns the options for a model, or the reason why it does not support attributions.

    Args:
        model: The model.

    Returns:
        Plain JSON for the page.
    """
    reason = unsupported_reason(model)
    if reason:
        return {"reason": reason}
    layers = layers_for_grad_cam(model)
    methods = [method for method in METHODS if layers or method != "grad_cam"]
    return {
        "reason": "",
        "methods": [(method, _(METHODS[method])) for method in methods],
        "classes": head_of(model).classes,
        "layers": [(layer, printable(layer)) for layer in layers],
    }


def compute_attribution(
    model: Any,
    sample: Numbers,
    method: str,
    target: int | None = None,
    layer: str | None = None,
    progress: Progress | None = None,
) -> Attribution:
    """Computes an attribution of one sample.

    Args:
        model: The model.
        sample: The sample, without the batch axis.
        method: A key of `METHODS`.
        target: The number of the class; by default the class that the model predicts.
        layer: The layer for Grad-CAM.
        progress: Called with the number of finished passes and of all passes.

    Returns:
        The attribution.

    Raises:
        ValueError: If there is no such method, or it does not support the model, class or layer.
    """
    if method not in METHODS:
        raise ValueError(
            _("There is no method {name}; choose one of: {names}.").format(
                name=repr(method), names=", ".join(METHODS)
            )
        )
    if method == "grad_cam":
        return grad_cam(model, sample, target, layer)
    compute = integrated_gradients if method == "integrated_gradients" else occlusion
    return compute(model, sample, target, progress=progress)


def attribution_data(attribution: Attribution, image: Image | None) -> dict[str, Any]:
    """Converts an attribution to plain data for the page.

    Args:
        attribution: The attribution.
        image: The explained image.

    Returns:
        Plain JSON, with numbers as bytes.
    """
    heat = np.nan_to_num(attribution.heat)
    low, high = (float(heat.min()), float(heat.max())) if heat.size else (0.0, 0.0)
    is_signed = low < 0
    reach = max(-low, high) or 1.0
    return {
        "method": attribution.method,
        "target": attribution.target,
        "layer": attribution.layer,
        "rows": heat.shape[0],
        "cols": heat.shape[1],
        "low": -reach if is_signed else 0.0,
        "high": reach,
        "scale": "diverging" if is_signed else "sequential",
        "data": np.ascontiguousarray(heat, "<f4").tobytes(),
        "image": image_data(image) if image is not None else None,
        "words": sentences_of(attribution),
    }


def sentences_of(attribution: Attribution) -> list[str]:
    """Explains in sentences what an attribution shows, and how accurate it is."""
    sentences = [_EXPLANATIONS[attribution.method]()]
    sentences.append(
        _("Score of class {n}: {score}.").format(
            n=attribution.target, score=number(attribution.score)
        )
    )
    if attribution.method == "integrated_gradients" and attribution.baseline_score is not None:
        sentences.append(
            _(
                "The heat map adds up to the score minus the baseline's score, {score}, with "
                "an error of {gap}."
            ).format(
                score=number(attribution.baseline_score),
                gap=f"{100 * (attribution.gap or 0):.2g} %",
            )
        )
    if not np.any(attribution.heat):
        sentences.append(_("Nothing in the input supports this class here: the map is zero."))
    return sentences


def _explain_grad_cam() -> str:
    return _("Bright: where the maps of this layer raise the score of the class.")


def _explain_gradients() -> str:
    return _("Orange: pixels that raise the score of the class; purple: those that lower it.")


def _explain_occlusion() -> str:
    return _(
        "Orange: where covering the image lowers the score; purple: where covering "
        "it raises the score."
    )


_EXPLANATIONS = {
    "grad_cam": _explain_grad_cam,
    "integrated_gradients": _explain_gradients,
    "occlusion": _explain_occlusion,
}
