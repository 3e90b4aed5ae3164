# ruff: noqa: E501 - a line holds a case
"""Every function in the table of old functions: the new expression gives the same numbers."""

import ast
import math
import re

import keras
import numpy as np
import old_functions
import pytest
from backends import tf
from keras import layers, ops

from kfunc_lab.mistakes.names.rewriting import rewritten
from kfunc_lab.mistakes.names.table import functions
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import edited

VERSION = tuple(map(int, keras.__version__.split(".")[:2]))
RNG = np.random.default_rng(0)
ROWS = {id(old): old for old in functions().values()}.values()
RANDOM = re.compile(r"random|dropout|tf\.layers\.|multinomial|truncated_normal|shuffle")
# The new function computes the same, up to signs, phases, or the kind of its result.
DIFFERENT = {
    "tf.linalg.eig", "tf.eig", "tf.linalg.eigh", "tf.linalg.svd", "tf.linalg.qr", "tf.svd",
    "K.variable", "K.name_scope", "K.set_value", "K.update", "K.update_add", "K.update_sub",
    "tf.linalg.normalize", "tf.parallel_stack", "K.function",
}  # fmt: skip


def number(*shape):
    return RNG.uniform(0.1, 0.9, shape).astype("float32")


def data():
    """Return the variables of the calls, as NumPy arrays."""
    half = number(2, 3, 3)
    return {
        "x": number(2, 3), "y": number(2, 3), "v": np.sort(number(3)), "b": RNG.random((2, 3)) > 0.5,
        "i": RNG.integers(0, 3, (2, 3)).astype("int32"), "j": np.array([0, 1], "int32"),
        "q": number(2, 4, 3), "p": number(2, 5, 3), "s": number(2, 4, 4, 3),
        "m": (half @ half.transpose(0, 2, 1) + np.eye(3)).astype("float32"),
        "g": number(2, 4, 4, 1), "s4": number(2, 4, 4, 4), "f": number(1, 4, 4, 4, 2),
        "c": (number(2, 3) + 1j * number(2, 3)).astype("complex64"),
        "o": np.eye(3, dtype="float32")[:2], "l": np.array([[0.0], [1.0]], "float32"),
        "k1": number(2, 3, 5), "k2": number(2, 2, 3, 5), "k3": number(2, 2, 2, 2, 5),
        "kt1": number(2, 5, 3), "kt2": number(2, 2, 5, 3), "kt3": number(2, 2, 2, 5, 2),
        "kp": number(1, 1, 15, 4),
    }  # fmt: skip


CONSTANT = ("k1", "k2", "k3", "kt1", "kt2", "kt3", "kp")  # weights are numbers, not symbolic


def calls():
    for old in ROWS:
        if not old.new:
            continue
        for name in old.names:
            last = name.rpartition(".")[2]
            known = old_functions.CALLS
            args = (
                known.get(name) or known.get(f"{name.split('.')[0]}.{last}") or known.get(last)
            )
            if args is None:
                reduced = "keepdims" in old.parameters
                two = len(old.signature.args) - len(old.signature.defaults) == 2
                several = "ARRAY_REDUCED" if name.startswith("np.") else "REDUCED"
                args = (
                    getattr(old_functions, several) if reduced else ["x, y"] if two else ["x"]
                )
            yield from (pytest.param(name, each, id=f"{name}({each})") for each in args)


def environment(values):
    backend = keras.backend
    return {
        "tf": tf,
        "K": backend,
        "np": np,
        "math": math,
        "keras": keras,
        "ops": ops,
        "layers": layers,
    } | values


def flat(value):
    if isinstance(value, dict):
        return [part for key in sorted(value) for part in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [part for each in value for part in flat(each)]
    return [value]


def old_result(source, arrays):
    """Return what the old function gives, or `None` if it is gone from TensorFlow too."""
    values = {name: tf.constant(value) for name, value in arrays.items()}
    values["t"] = tf.Variable(arrays["v"])
    module = {"K": tf.keras.backend}
    if source.startswith("np."):
        values = arrays
    if source.startswith("math."):
        plain = eval(source.partition("(")[0])
        function = np.vectorize(lambda *numbers: plain(*map(float, numbers)))
        return function(*(arrays[name] for name in source.partition("(")[2][:-1].split(", ")))
    try:
        tree = ast.parse(source, mode="eval").body
        eval(ast.unparse(tree.func), environment(values) | module)
    except AttributeError:
        return None
    return eval(source, environment(values) | module)


@pytest.mark.parametrize(("name", "arguments"), list(calls()))
def test_new_expression_computes_what_the_old_function_did(name, arguments):
    arrays = data()
    symbolic = {
        key: value
        if key in CONSTANT
        else keras.Input(batch_shape=value.shape, dtype=value.dtype)
        for key, value in arrays.items()
    }
    numbers = {key: tf.constant(value) for key, value in arrays.items()}
    symbolic["t"], numbers["t"] = (keras.Variable(arrays["v"]) for _ in range(2))
    source = f"{name}({arguments})"
    code = Code("cell", f"{source}\n")
    result = rewritten(code, code.tree.body[0], environment(symbolic))
    if result.unknown and VERSION < (3, 15):
        pytest.skip("this version of Keras has no such function, and no edit is offered")
    assert result.unknown == []
    new = edited(code.text, result.changes).strip()
    assert not re.search(r"\b(tf|K|np)\.(?!int|float)", new) or "lambda" in new, new
    assert name not in new
    try:
        eval(new, environment(symbolic))  # symbolic tensors are accepted
        got = eval(new, environment(numbers))
    except Exception:
        if VERSION < (3, 15):
            pytest.skip("this version of Keras refuses it, and so no edit is offered")
        if name != "K.function":  # of symbolic tensors only
            raise
    if name == "K.function":
        return
    got = flat(got)
    wanted = None if name in DIFFERENT else old_result(source, arrays)
    if wanted is None:
        return
    if "shape" in name and "re" not in name:
        assert [int(size) for size in np.ravel(got)] == [int(size) for size in np.ravel(wanted)]
        return
    wanted = flat(wanted)
    assert len(got) == len(wanted), new
    for one, other in zip(got, wanted, strict=True):
        if RANDOM.search(name):
            assert tuple(one.shape) == tuple(np.shape(other))
        elif isinstance(one, str):
            assert one == other
        else:
            np.testing.assert_allclose(
                ops.convert_to_numpy(one), np.asarray(other), rtol=1e-4, atol=1e-5, err_msg=new
            )
