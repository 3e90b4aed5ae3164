"""Arguments of old functions, turned into those of today's.

A value in the tables calls these functions by name. Each gets the template being filled and the
expressions between its parentheses, and returns the new expression.
"""

import ast
from typing import Any, Protocol


class CannotTurnError(ValueError):
    """The arguments of a call have no equivalent in the new function."""


class Template(Protocol):
    """What the functions below ask of the template that is being filled."""

    def given(self, node: ast.expr) -> bool:
        """Returns whether the call passes a parameter, with a value other than its default."""

    def filled(self, node: ast.expr) -> ast.expr:
        """Returns an expression of the template with the arguments of the call."""

    def known(self, node: ast.expr) -> Any:
        """Returns the value of a parameter; raises `CannotTurnError` if it is not known."""

    def parsed(self, code: str, **parts: ast.expr) -> ast.expr:
        """Parses an expression in which the names of `parts` stand for them."""

    def is_function(self, node: ast.expr) -> bool:
        """Returns whether an argument is a function."""

    def is_list(self, node: ast.expr) -> bool:
        """Returns whether an argument is a list or a tuple."""

    def others(self) -> list[ast.expr]:
        """Returns the arguments of `*parameters`, as the learner wrote them."""


def given(template: Template, parameter: ast.expr, new: ast.expr, other: ast.expr) -> ast.expr:
    """Chooses an expression for calls that pass a parameter, or another."""
    return template.filled(new if template.given(parameter) else other)


def otherwise(template: Template, parameter: ast.expr, value: ast.expr) -> ast.expr:
    """Writes a value where a call omits the parameter."""
    return template.filled(parameter if template.given(parameter) else value)


def swapped(template: Template, tensor: ast.expr, *flags: ast.expr) -> ast.expr:
    """Swaps the last two axes of a tensor if a flag is set."""
    flag = next((flag for flag in flags if template.given(flag)), None)
    if flag is None:
        return template.filled(tensor)
    try:
        if not template.known(flag):
            return template.filled(tensor)
    except CannotTurnError:
        code = "ops.swapaxes(x, -2, -1) if flag else x"
        return template.parsed(code, x=template.filled(tensor), flag=template.filled(flag))
    return template.parsed("ops.swapaxes(x, -2, -1)", x=template.filled(tensor))


def places(template: Template, sizes: ast.expr) -> ast.expr:
    """Turns the sizes of the parts of a tensor into the places where it is split."""
    value = template.known(sizes)
    if isinstance(value, int):
        return template.filled(sizes)
    parts = [int(size) for size in value]
    if -1 in parts:
        raise CannotTurnError("an open size")
    return ast.Constant([sum(parts[: n + 1]) for n in range(len(parts) - 1)])  # type: ignore[arg-type]


def dtype_of(template: Template, dtype: ast.expr) -> ast.expr:
    """Writes a dtype of TensorFlow as text."""
    if not template.given(dtype):
        return dtype
    value = template.known(dtype)
    name = value if isinstance(value, str) else getattr(value, "name", None)
    if not isinstance(name, str):
        name = getattr(value, "__name__", None)
    if not isinstance(name, str):
        raise CannotTurnError("a dtype")
    return ast.Constant(name)


def lower(template: Template, word: ast.expr) -> ast.expr:
    """Writes a word in small letters."""
    return ast.Constant(str(template.known(word)).lower())


def layout(template: Template, word: ast.expr) -> ast.expr:
    """Writes the order of the axes of images as Keras does."""
    if not template.given(word):
        return word
    name = str(template.known(word))
    return ast.Constant("channels_first" if name.startswith("NC") else "channels_last")


def data_format(template: Template, word: ast.expr) -> ast.expr:
    """Turns Keras 1's `"th"` and `"tf"`."""
    first = template.known(word) == "th"
    return ast.Constant("channels_first" if first else "channels_last")


def spatial(template: Template, sizes: ast.expr) -> ast.expr:
    """Removes the batch and the channels from the sizes of a window."""
    if not template.given(sizes):
        return sizes
    value = template.known(sizes)
    if isinstance(value, int):
        return template.filled(sizes)
    parts = tuple(int(size) for size in value)
    if len(parts) > 2 and parts[0] == 1:
        parts = parts[1:-1]
    if len(set(parts)) == 1:
        return ast.Constant(parts[0])
    return ast.Constant(parts)  # type: ignore[arg-type]


def sliced(template: Template, tensor: ast.expr, begin: ast.expr, size: ast.expr) -> ast.expr:
    """Turns the begins and sizes of a slice into an index."""
    begins, sizes = template.known(begin), template.known(size)
    parts = [
        (None if first == 0 else first, None if length == -1 else first + length)
        for first, length in zip(begins, sizes, strict=True)
    ]
    return _indexed(template, tensor, [(*part, None) for part in parts])


def strided(
    template: Template, tensor: ast.expr, begin: ast.expr, end: ast.expr, strides: ast.expr
) -> ast.expr:
    """Turns the begins, ends and steps of a slice into an index."""
    begins, ends = template.known(begin), template.known(end)
    steps = template.known(strides) if template.given(strides) else [None] * len(begins)
    return _indexed(template, tensor, list(zip(begins, ends, steps, strict=True)))


def _indexed(template: Template, tensor: ast.expr, parts: list[tuple[Any, ...]]) -> ast.expr:
    words = []
    for first, last, step in parts:
        begin, end = (str(each) if each not in (None, 0) else "" for each in (first, last))
        words.append(f"{begin}:{end}" + (f":{step}" if step not in (None, 1) else ""))
    return template.parsed(f"x[{', '.join(words)}]", x=template.filled(tensor))


def pairs(template: Template, sizes: ast.expr) -> ast.expr:
    """Refuses one number for the padding of all axes, which Keras does not take."""
    try:
        is_number = isinstance(template.known(sizes), int)
    except CannotTurnError:
        return template.filled(sizes)
    if is_number:
        raise CannotTurnError("pad_width")
    return template.filled(sizes)


def batch_dot(template: Template, x: ast.expr, y: ast.expr, axes: ast.expr) -> ast.expr:
    """Multiplies each example of two tensors."""
    parts = {"x": template.filled(x), "y": template.filled(y)}
    if not template.given(axes):
        return template.parsed("ops.matmul(x, y)", **parts)
    return template.parsed("layers.Dot(axes)([x, y])", axes=template.filled(axes), **parts)


def pooled(
    template: Template, x: ast.expr, size: ast.expr, strides: ast.expr, padding: ast.expr,
    mode: ast.expr, data_format: ast.expr,
) -> ast.expr:  # fmt: skip
    """Chooses the operation for a kind of pooling."""
    mean = template.given(mode) and template.known(mode) == "avg"
    operation = "average_pool" if mean else "max_pool"
    code = f"ops.{operation}(x, pool_size, strides, padding=padding, data_format=data_format)"
    return template.filled(ast.parse(code, mode="eval").body)


def switched(template: Template, condition: ast.expr, x: ast.expr, y: ast.expr) -> ast.expr:
    """Chooses between two functions or two tensors."""
    code = "ops.cond(c, x, y)" if template.is_function(x) else "ops.where(c, x, y)"
    parts = {"c": condition, "x": x, "y": y}
    return template.parsed(
        code, **{name: template.filled(part) for name, part in parts.items()}
    )


def stacked(template: Template, tensors: ast.expr) -> ast.expr:
    """Stacks a list of tensors; one tensor needs no function around it."""
    code = "ops.stack(x)" if template.is_list(tensors) else "x"
    return template.parsed(code, x=template.filled(tensors))


def either(template: Template, *parameters: ast.expr) -> ast.expr:
    """Writes the first of several parameters that the call passes."""
    given = (parameter for parameter in parameters if template.given(parameter))
    return template.filled(next(given, parameters[0]))


def classes(template: Template, model: ast.expr, predicted: ast.expr) -> ast.expr:
    """Turns predicted probabilities into classes, for one output unit or for several."""
    parts = {"x": template.filled(predicted)}
    try:
        units = template.known(model).output_shape[-1]
    except (AttributeError, IndexError, TypeError):
        raise CannotTurnError("several outputs") from None
    code = "(x > 0.5).astype(int)" if units == 1 else "x.argmax(axis=-1)"
    return template.parsed(code, **parts)


def merged(
    template: Template, tensors: ast.expr, mode: ast.expr, concat_axis: ast.expr,
    dot_axes: ast.expr, name: ast.expr,
) -> ast.expr:  # fmt: skip
    """Chooses the function for a way of merging."""
    function = _MERGES.get(str(template.known(mode)))
    if function is None:
        raise CannotTurnError("mode")
    axis = {"concatenate": ", axis=concat_axis", "dot": ", axes=dot_axes"}.get(function, "")
    code = f"layers.{function}({ast.unparse(tensors)}{axis}, name={ast.unparse(name)})"
    call = template.filled(ast.parse(code, mode="eval").body)
    if function == "dot" and isinstance(call, ast.Call) and not template.given(dot_axes):
        call.keywords.insert(0, ast.keyword("axes", ast.UnaryOp(ast.USub(), ast.Constant(1))))
    if str(template.known(mode)) == "cos" and isinstance(call, ast.Call):
        call.keywords.append(ast.keyword("normalize", ast.Constant(True)))
    return call


_MERGES = {
    "sum": "add", "concat": "concatenate", "mul": "multiply", "ave": "average", "max": "maximum",
    "dot": "dot", "cos": "dot",
}  # fmt: skip


def cropped_size(
    template: Template, image: ast.expr, fraction: ast.expr, axis: ast.expr
) -> ast.expr:
    """Returns the size that a crop to a fraction of an image leaves."""
    share = float(template.known(fraction))
    shape = template.known(image).shape
    size = shape[ast.literal_eval(axis)]
    if size is None:
        raise CannotTurnError("an open size")
    begin = int((size - size * share) / 2)
    return ast.Constant(size - 2 * begin)


def transposed(template: Template, tensor: ast.expr) -> ast.expr:
    """Writes NumPy's `transpose(0, 2, 1)`, or PyTorch's, which exchanges two axes."""
    axes, parts = template.others(), {"x": template.filled(tensor)}
    if not axes:
        return template.parsed("ops.transpose(x)", **parts)
    if len(axes) == 2 and len(template.known(tensor).shape) != 2:
        return template.parsed("ops.swapaxes(x, a, b)", a=axes[0], b=axes[1], **parts)
    return template.parsed("ops.transpose(x, axes)", axes=_tuple(axes), **parts)


def viewed(template: Template, tensor: ast.expr) -> ast.expr:
    """Writes PyTorch's `view`, in which the batch may be a size that is not known yet."""
    sizes, parts = template.others(), {"x": template.filled(tensor)}
    if len(sizes) > 1 and not _is_number(sizes[0]):
        if len(sizes) == 2 and _is_number(sizes[1], -1):
            return template.parsed("layers.Flatten()(x)", **parts)
        if any(_is_number(size, -1) for size in sizes):
            raise CannotTurnError("two open sizes")
        sizes = [ast.Constant(-1), *sizes[1:]]
    return template.parsed("ops.reshape(x, sizes)", sizes=_tuple(sizes), **parts)


def sized(template: Template, tensor: ast.expr) -> ast.expr:
    """Writes PyTorch's `size()`, which takes an axis."""
    axes, parts = template.others(), {"x": template.filled(tensor)}
    if not axes:
        return template.parsed("x.shape", **parts)
    return template.parsed("x.shape[axis]", axis=axes[0], **parts)


def _tuple(parts: list[ast.expr]) -> ast.expr:
    """Returns several arguments as one tuple; one argument stays, because it may be a tuple."""
    if len(parts) == 1 and not _is_number(parts[0]):
        return parts[0]
    return ast.Tuple(parts, ast.Load())


def _is_number(node: ast.expr, number: int | None = None) -> bool:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return False
    return isinstance(value, int) and number in (None, value)


TURNS = {
    function.__name__: function
    for function in (
        given, otherwise, swapped, places, dtype_of, lower, layout, data_format, spatial,
        sliced, strided, pairs, batch_dot, pooled, switched, stacked, cropped_size,
        either, classes, merged, transposed, viewed, sized,
    )
}  # fmt: skip
