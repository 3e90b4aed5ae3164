"""Draws what a call does to the shape, as a small SVG for a light and a dark surface."""

from collections.abc import Callable, Mapping

from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.shapes.figures.axes import axes
from kfunc_lab.shapes.figures.blocks import blocks, same
from kfunc_lab.shapes.figures.padding import ends
from kfunc_lab.shapes.figures.parts import Subject, style
from kfunc_lab.shapes.figures.weights import attention, matrix, steps, table
from kfunc_lab.shapes.figures.windows import spread, window
from kfunc_lab.shapes.rules.formulas import class_defaults, derive_layer, rule_of
from kfunc_lab.shapes.rules.rule import Derivation, Given

__all__ = ["picture", "style"]

# For each name that a rule may give as its picture, what draws it.
_PICTURES: Mapping[str, Callable[[Subject], str]] = {
    "window": window,
    "spread": spread,
    "ends": ends,
    "axes": axes,
    "blocks": blocks,
    "same": same,
    "matrix": matrix,
    "table": table,
    "steps": steps,
    "attention": attention,
}


def picture(call: Call, found: Derivation) -> str:
    """Draws what a call does to the shape.

    Args:
        call: The call.
        found: What its rule found.

    Returns:
        An `<svg>` element for a page with the rules of `style()`, the same bytes on every
        platform; an empty text where nothing is to be seen.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import TensorSpec
        >>> from kfunc_lab.shapes.rules.formulas import derivation
        >>> image = TensorSpec((None, 28, 28, 1), "float32")
        >>> settings = {"filters": 16, "kernel_size": (3, 3)}
        >>> call = Call("c", "c", "Conv2D", "c", (image,), settings=settings)
        >>> drawn = picture(call, derivation(call))
        >>> drawn[drawn.index("<title>") + 7 : drawn.index("</title>")]
        'A window of 3 over an axis of 28, in steps of 1: 26 places.'
    """
    rule = rule_of(call.kind, operation=call.operation, library=call.library)
    draw = _PICTURES.get(rule.picture) if rule else None
    shapes = [it.shape for it in call.inputs]
    if rule is None or draw is None or not shapes or not found.outputs:
        return ""
    known = tuple(it for it in shapes if it is not None)
    if len(known) < len(shapes):
        return ""
    defaults: Mapping[str, object] = {}
    if not call.operation:
        defaults = rule.defaults or class_defaults(call.kind)
    given = Given(call.kind, {**defaults, **call.settings}, known, derive_layer)
    return draw(Subject(given, found, rule))
