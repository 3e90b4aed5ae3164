"""Describes objects by kind: arrays, lists, ragged lists, words, datasets, generators."""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Shape = tuple[int | None, ...]
_MAX = 1_000  # items of a list that are looked at


@dataclass(frozen=True)
class Spec:
    """The shape and dtype of data."""

    shape: Shape
    dtype: str = "float32"


def kind_of(value: Any) -> str:
    """Returns the kind of an object.

    Args:
        value: Anything that was passed as data.

    Returns:
        `"none"`, `"array"`, `"tensor"`, `"frame"`, `"series"`, `"symbolic"`, `"dataset"`,
        `"generator"`, `"batches"` (a PyDataset), `"class"`, `"function"`, `"text"`, `"number"`,
        `"dict"`, `"list"`, `"tuple"`, `"sparse"`, or `"object"`.
    """
    import keras
    import numpy as np

    module, name = type(value).__module__, type(value).__name__
    simple: tuple[tuple[str, Any], ...] = (
        ("none", type(None)),
        ("symbolic", keras.KerasTensor),
        ("array", np.ndarray),
        ("class", type),
        ("text", (str, bytes)),
        ("number", (bool, int, float, np.generic)),
        ("dict", Mapping),
        ("list", list),
        ("tuple", tuple),
        ("generator", types.GeneratorType),
        ("function", (types.FunctionType, types.MethodType)),
        ("batches", keras.utils.PyDataset),
    )
    for kind, classes in simple:
        if isinstance(value, classes):
            return kind
    if hasattr(value, "element_spec"):
        return "dataset"
    if module.startswith("pandas."):
        return {"DataFrame": "frame", "Series": "series"}.get(name, "object")
    if module.startswith("scipy.sparse"):
        return "sparse"
    if module.startswith(("tensorflow.", "jax", "torch")) and hasattr(value, "shape"):
        return "tensor"
    return "object"


def spec_of_value(value: Any) -> Spec | None:
    """Returns the shape and dtype of an array, a tensor or a frame; `None` for other objects."""
    if kind_of(value) not in ("array", "tensor", "frame", "series", "sparse"):
        return None
    try:
        shape = tuple(None if size is None else int(size) for size in value.shape)
    except Exception:  # a tensor of unknown rank raises here
        return None
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        kinds = {str(each) for each in value.dtypes}
        dtype = "object" if "object" in kinds else next(iter(sorted(kinds)), "float32")
    return Spec(shape, getattr(dtype, "name", str(dtype)))


def spec_of_list(value: Any) -> Spec | None:
    """Returns what `np.array` makes of a list; `None` if its rows have different lengths."""
    import numpy as np

    if kind_of(value) not in ("list", "tuple", "number") or _is_long(value):
        return None
    try:
        array = np.array(value)
    except ValueError:
        return None
    return None if array.dtype == object else Spec(tuple(array.shape), array.dtype.name)


def _is_long(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > 100 * _MAX


def is_ragged(value: Any) -> bool:
    """Returns whether an object is a sequence of number lists that have different lengths."""
    if kind_of(value) not in ("list", "tuple", "array") or len(value) == 0:
        return False
    if kind_of(value) == "array" and (value.dtype != object or value.ndim != 1):
        return False
    rows = list(value[:_MAX])
    if not all(hasattr(row, "__len__") and not isinstance(row, (str, bytes)) for row in rows):
        return False
    return len({len(row) for row in rows}) > 1


def words_in(value: Any) -> bool:
    """Returns whether an array or list holds words, none of which is a number."""
    items = _items(value, _MAX)
    texts = [item for item in items if isinstance(item, (str, bytes))]
    return bool(texts) and not all(map(_is_number, texts))


def numbers_in(value: Any) -> bool:
    """Returns whether an array of texts or objects holds only numbers or missing values."""
    items = _items(value, 100 * _MAX)
    return len(items) > 0 and all(item is None or _is_number(item) for item in items)


def missing_in(value: Any) -> bool:
    """Returns whether an array of objects holds `None` or NaN."""
    items = _items(value, 100 * _MAX)
    return any(item is None or (isinstance(item, float) and item != item) for item in items)


def _items(value: Any, limit: int) -> list[Any]:
    """Returns the first items of an array or list."""
    import numpy as np

    if kind_of(value) == "array":
        return list(value.reshape(-1)[:limit])
    return list(np.ravel(np.asarray(value[:limit], dtype=object)))


def _is_number(item: Any) -> bool:
    try:
        float(item)
    except (TypeError, ValueError):
        return False
    return True


def specs(value: Any) -> Any:
    """Returns the structure of data, with a `Spec` for each array; `None` if one is none."""
    kind = kind_of(value)
    if kind == "dict":
        made = {key: specs(each) for key, each in value.items()}
        return None if None in made.values() else made
    if kind in ("list", "tuple"):
        parts = [specs(each) for each in value[:_MAX]]
        return None if None in parts else parts
    return spec_of_value(value)


def leaves(value: Any) -> list[Any]:
    """Returns the arrays of a list, tuple or dict; a single one alone; none of `None`."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, (list, tuple)):
        return [leaf for each in value[:_MAX] for leaf in leaves(each)]
    return [value]
