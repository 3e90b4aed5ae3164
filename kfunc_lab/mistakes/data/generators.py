"""Edits of a generator's `yield`, or of a PyDataset's `return`, so that it gives right batches."""

import ast
from collections.abc import Mapping
from typing import Any

from kfunc_lab.graph.keras.acceptance import accepts, first_batch
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import Spec, kind_of, specs
from kfunc_lab.mistakes.data.mending import packed
from kfunc_lab.mistakes.data.passed import Passed
from kfunc_lab.mistakes.data.solution import Solution
from kfunc_lab.mistakes.data.wanted import takes_dict, wanted_inputs
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Edit


def yields(value: Any) -> tuple[Code, list[ast.expr], str] | None:
    """Finds what a generator yields, or a PyDataset returns, in its source.

    Args:
        value: The generator or the PyDataset. It is not run.

    Returns:
        The source, the expressions, and `"yield"` or `"return"`; `None` if they are not found.
    """
    function: Any = getattr(value, "gi_code", None)
    word = "yield"
    if function is None:
        method = getattr(type(value), "__getitem__", None)
        function, word = getattr(method, "__code__", None), "return"
    code = Code.of(function.co_filename) if function is not None else None
    if code is None:
        return None
    for node in ast.walk(code.tree):
        if isinstance(node, ast.FunctionDef) and node.lineno <= function.co_firstlineno <= (
            node.body[0].lineno
        ):
            if node.name != function.co_name:
                continue
            kinds = ast.Yield if word == "yield" else ast.Return
            found = [
                each.value
                for each in ast.walk(node)
                if isinstance(each, kinds) and each.value is not None
            ]
            return (code, found, word) if found else None
    return None


def generator_solution(passed: Passed) -> Solution:
    """Returns the edits of a generator's `yield` after which the model accepts its batches."""
    found = yields(passed.value("x"))
    first = first_item(passed)
    if found is None or first is None or not isinstance(first, (tuple, list)):
        return Solution()
    code, nodes, word = found
    if len(nodes) != 1 or not isinstance(nodes[0], (ast.Tuple, ast.List)):
        return Solution()
    node = nodes[0]
    parts = specs_of_items(first)
    if not parts or len(parts) != len(node.elts):
        return Solution()
    for find in (_without_batch, _inputs_apart, _other_keys):
        solution = find(passed, code, node, parts, word)
        if solution is not None:
            return solution
    return Solution()


def first_item(passed: Passed) -> Any:
    """Returns the first batch, which Keras took from the generator; `None` if it is not known."""
    if passed.scope is None:
        return None
    for values in passed.locals_of_keras:
        taken = first_batch(values.get("epoch_iterator") or values.get("self"))
        if taken is not None:
            return taken
        item = values.get("batches" if "batches" in values else "first_batches")
        if isinstance(item, list) and item:
            return item[0]
    return passed.batch


def specs_of_items(first: Any) -> list[Any]:
    """Returns the specs of inputs, targets and weights; empty if one is not known."""
    made = [specs(each) if kind_of(each) != "number" else Spec((), "float32") for each in first]
    return [] if None in made else made


def _deeper(structure: Any) -> Any:
    import keras

    return keras.tree.map_structure(lambda it: Spec((None, *it.shape), it.dtype), structure)


def _without_batch(
    passed: Passed, code: Code, node: Any, parts: list[Any], word: str
) -> Solution | None:
    batch = passed.batch
    inputs = parts[0]
    if batch is not None and isinstance(inputs, Spec) and len(inputs.shape) == 1:
        wants = wanted_inputs(passed.model)
        if len(wants) == 1 and inputs.shape == (None,):
            inputs = Spec(wants[0].shape[1:], wants[0].dtype)  # Keras forgets this axis's size
    if not accepts(passed.model, _deeper(inputs)) or accepts(passed.model, inputs):
        return None
    new = []
    for each, part in zip(node.elts, parts, strict=True):
        source = code.source(each)
        simple = isinstance(each, (ast.Name, ast.Call, ast.Attribute, ast.Subscript))
        source = source if simple else f"({source})"
        if not isinstance(part, Spec):
            return None
        new.append(f"np.array([{source}])" if part.shape == () else f"{source}[None]")
    reason = _("It gives one example at a time, and the model takes batches.")
    words = _("Give batches, such as a batch of one: `{word} {code}`.").format(
        word=word, code=", ".join(new)
    )
    change = code.replaced(node, ", ".join(new))
    return Solution([Edit(words, (change,))], "missing-batch", reason)


def _inputs_apart(
    passed: Passed, code: Code, node: Any, parts: list[Any], word: str
) -> Solution | None:
    """Puts several inputs into a tuple of their own."""
    wants = wanted_inputs(passed.model)
    count = len(wants)
    if count < 2 or len(parts) < count or not all(isinstance(it, Spec) for it in parts):
        return None
    names, as_dict = [want.name for want in wants], takes_dict(passed.model)
    inputs: Any = parts[:count]
    if not accepts(passed.model, dict(zip(names, inputs, strict=True)) if as_dict else inputs):
        return None
    sources = [code.source(each) for each in node.elts]
    together = f"({', '.join(sources[:count])})"
    if as_dict:
        together = packed(names, sources[:count], True)
    new = ", ".join([together, *sources[count:]])
    reason = _(
        "Keras reads a tuple as inputs, targets and weights; the {n} inputs need a tuple of "
        "their own."
    ).format(n=count)
    words = _("Write `{code}`.").format(code=f"{word} {new}")
    return Solution([Edit(words, (code.replaced(node, new),))], "", reason)


def _other_keys(
    passed: Passed, code: Code, node: Any, parts: list[Any], word: str
) -> Solution | None:
    from kfunc_lab.mistakes.data.inputs import matched

    first = node.elts[0]
    if not isinstance(parts[0], Mapping) or not isinstance(first, ast.Dict):
        return None
    wants = wanted_inputs(passed.model)
    missing = [want.name for want in wants if want.name not in parts[0]]
    names = [want.name for want in wants]
    extra = {key: part.shape for key, part in parts[0].items() if key not in names}
    pairs = matched(wants, missing, extra)
    if not missing or not pairs:
        return None
    by_key = {value: key for key, value in pairs.items()}
    changes = tuple(
        code.replaced(key, f'"{by_key[key.value]}"')
        for key in first.keys
        if isinstance(key, ast.Constant) and key.value in by_key
    )
    words = " ".join(
        _("Write the key '{name}' instead of '{wrong}'.").format(name=name, wrong=key)
        for name, key in pairs.items()
    )
    return Solution([Edit(words, changes)])
