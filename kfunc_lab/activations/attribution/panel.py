"""What the page offers and shows of attributions: which parts of the input speak for a class."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import Attribution, suits
from kfunc_lab.activations.attribution.grad_cam import grad_cam, layers_for_grad_cam
from kfunc_lab.activations.attribution.integrated_gradients import integrated_gradients
from kfunc_lab.activations.attribution.occlusion import occlusion
from kfunc_lab.activations.attribution.score import head_of
from kfunc_lab.activations.page_data import image_data
from kfunc_lab.activations.pictures import Image, number
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable

METHODS = {
    "grad_cam": N_("Grad-CAM"),
    "integrated_gradients": N_("Integrated gradients"),
    "occlusion": N_("Occlusion"),
}

Progress = Callable[[int, int], None]


def offered(model: Any) -> dict[str, Any]:
    """Says what can be chosen for a model, or why nothing can.

    Args:
        model: The model.

    Returns:
        Plain JSON for the page.
    """
    reason = suits(model)
    if reason:
        return {"reason": reason}
    layers = layers_for_grad_cam(model)
    methods = [it for it in METHODS if layers or it != "grad_cam"]
    return {
        "reason": "",
        "methods": [(it, _(METHODS[it])) for it in methods],
        "classes": head_of(model).classes,
        "layers": [(it, printable(it)) for it in layers],
    }


def attributed(
    model: Any,
    sample: Numbers,
    method: str,
    target: int | None = None,
    layer: str | None = None,
    progress: Progress | None = None,
) -> Attribution:
    """Makes an attribution of one sample.

    Args:
        model: The model.
        sample: The sample, without the batch.
        method: A key of `METHODS`.
        target: The number of the class; by default the one that the model gives.
        layer: For Grad-CAM, the layer.
        progress: Is called with how much is done, and how much there is.

    Returns:
        The attribution.

    Raises:
        ValueError: If there is no such method, or the model, class or layer do not suit it.
    """
    if method not in METHODS:
        raise ValueError(
            _("There is no method {name}; choose one of: {names}.").format(
                name=repr(method), names=", ".join(METHODS)
            )
        )
    if method == "grad_cam":
        return grad_cam(model, sample, target, layer)
    make = integrated_gradients if method == "integrated_gradients" else occlusion
    return make(model, sample, target, progress=progress)


def shown(made: Attribution, image: Image | None) -> dict[str, Any]:
    """Writes an attribution for the page.

    Args:
        made: The attribution.
        image: The input that it is of.

    Returns:
        Plain JSON, with numbers as bytes.
    """
    heat = np.nan_to_num(made.heat)
    low, high = (float(heat.min()), float(heat.max())) if heat.size else (0.0, 0.0)
    is_signed = low < 0
    reach = max(-low, high) or 1.0
    return {
        "method": made.method,
        "target": made.target,
        "layer": made.layer,
        "rows": heat.shape[0],
        "cols": heat.shape[1],
        "low": -reach if is_signed else 0.0,
        "high": reach,
        "scale": "diverging" if is_signed else "sequential",
        "data": np.ascontiguousarray(heat, "<f4").tobytes(),
        "image": image_data(image) if image is not None else None,
        "words": words_of(made),
    }


def words_of(made: Attribution) -> list[str]:
    """Says what an attribution shows, and how far it can be believed."""
    said = [_SAYS[made.method]()]
    said.append(
        _("Score of class {n}: {score}.").format(n=made.target, score=number(made.score))
    )
    if made.method == "integrated_gradients" and made.baseline_score is not None:
        said.append(
            _(
                "The heat map adds up to the score minus the baseline's score, {score}, with "
                "an error of {gap}."
            ).format(score=number(made.baseline_score), gap=f"{100 * (made.gap or 0):.2g} %")
        )
    if not np.any(made.heat):
        said.append(_("Nothing in the input supports this class here: the map is zero."))
    return said


def _says_grad_cam() -> str:
    return _("Bright: where the maps of this layer raise the score of the class.")


def _says_gradients() -> str:
    return _("Orange: pixels that raise the score of the class; purple: those that lower it.")


def _says_occlusion() -> str:
    return _(
        "Orange: where covering the image lowers the score; purple: where covering "
        "it raises the score."
    )


_SAYS = {
    "grad_cam": _says_grad_cam,
    "integrated_gradients": _says_gradients,
    "occlusion": _says_occlusion,
}
