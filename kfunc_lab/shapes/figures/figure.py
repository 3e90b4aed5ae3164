"""Draws how a call changes a shape, as a small SVG for light and dark surfaces."""

from collections.abc import Callable, Mapping

from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.shapes.figures.axes import axes
from kfunc_lab.shapes.figures.blocks import blocks, elementwise
from kfunc_lab.shapes.figures.padding import ends
from kfunc_lab.shapes.figures.parts import Subject, style
from kfunc_lab.shapes.figures.weights import attention, matrix, steps, table
from kfunc_lab.shapes.figures.windows import spread, window
from kfunc_lab.shapes.rules.formulas import class_defaults, derive_layer, rule_of
from kfunc_lab.shapes.rules.rule import Derivation, Given

__all__ = ["picture", "style"]

# The function that draws each figure, by the name in `Rule.picture`.
_PICTURES: Mapping[str, Callable[[Subject], str]] = {
    "window": window,
    "spread": spread,
    "ends": ends,
    "axes": axes,
    "blocks": blocks,
    "same": elementwise,
    "matrix": matrix,
    "table": table,
    "steps": steps,
    "attention": attention,
}


def picture(call: Call, derivation: Derivation) -> str:
    """Draws how a call changes a shape.

    Args:
        call: The call.
        derivation: The result of its shape rule.

    Returns:
        An `<svg>` element for a page with the style sheet of `style()`, with the same bytes on
        every platform; an empty string if there is nothing to show.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import TensorSpec
        >>> from kfunc_lab.shapes.rules.formulas import derivation
        >>> image = TensorSpec((None, 28, 28, 1), "float32")
        >>> settings = {"filters": 16, "kernel_size": (3, 3)}
        >>> call = Call("c", "c", "Conv2D", "c", (image,), settings=settings)
        >>> drawn = picture(call, derivation(call))
        >>> drawn[drawn.index("<title>") + 7 : drawn.index("</title>")]
        'A window of size 3 slides along an axis of size 28 with stride 1: 26 positions.'
    """
    rule = rule_of(call.kind, operation=call.operation, library=call.library)
    draw = _PICTURES.get(rule.picture) if rule else None
    shapes = [tensor.shape for tensor in call.inputs]
    if rule is None or draw is None or not shapes or not derivation.outputs:
        return ""
    known = tuple(shape for shape in shapes if shape is not None)
    if len(known) < len(shapes):
        return ""
    defaults: Mapping[str, object] = {}
    if not call.operation:
        defaults = rule.defaults or class_defaults(call.kind)
    subject_call = Given(call.kind, {**defaults, **call.settings}, known, derive_layer)
    return draw(Subject(subject_call, derivation, rule))
