"""Rules for raw operations, compared with Keras for drawn shapes and invalid arguments."""

import importlib
import operator

import keras
import numpy as np
import pytest
from against_keras import check_call
from examples import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from keras import ops
from packaging.version import Version

from kfunc_lab.graph.keras.settings import argument_settings, changed_settings
from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.shapes.rules import elementwise, operations, reductions
from kfunc_lab.shapes.rules.arithmetic import equation, formula
from kfunc_lab.shapes.rules.formulas import OPERATIONS, derivation
from kfunc_lab.shapes.rules.rule import DoesNotFitError

drawn = examples(40)
HOMES = [
    importlib.import_module(f"keras.src.ops.{name}")
    for name in ("numpy", "nn", "math", "core", "linalg")
]
REFUSALS = (ValueError, TypeError, IndexError, ZeroDivisionError)

# Older versions report some shapes incorrectly and find some errors only with real numbers.
CURRENT = Version(keras.__version__) >= Version("3.15")


def class_of(kind):
    found = [getattr(home, kind) for home in HOMES if hasattr(home, kind)]
    if not found:
        pytest.skip(f"Keras {keras.__version__} has no {kind}")
    return found[0]


def compare(kind, config, *args):
    """Checks that Keras and the rule agree or both raise."""
    make = class_of(kind)
    try:
        operation = make(**config)
    except REFUSALS:
        return None
    try:
        outputs = operation(*args)
    except REFUSALS as error:
        if not CURRENT and isinstance(error, (TypeError, IndexError)):  # a bug in Keras
            return None
        with pytest.raises(DoesNotFitError) as caught:
            derivation(uncalled_operation(operation, args))
        assert str(caught.value)
        return None
    try:
        return check_call(outputs)
    except DoesNotFitError:
        if CURRENT:
            raise
    return None


def uncalled_operation(operation, args):
    """Builds the description of a call that Keras rejects."""
    tensors = [it for it in keras.tree.flatten(args) if isinstance(it, keras.KerasTensor)]
    return Call(
        "x",
        "x",
        type(operation).__name__,
        "x",
        inputs=tuple(TensorSpec(tuple(it.shape), it.dtype) for it in tensors),
        settings=changed_settings(operation) | argument_settings(operation, args, {}),
        operation=True,
    )


def tensor(*shape, dtype="float32"):
    return keras.Input(batch_shape=shape, dtype=dtype)


SIZES = st.one_of(st.none(), st.integers(1, 6))
SHAPES = st.lists(SIZES, max_size=3).map(lambda rest: (None, *rest))
ANY_SHAPES = st.one_of(SHAPES, st.lists(SIZES, max_size=3).map(tuple))


def axes(rank, beyond=0):
    """Draws an axis for a rank, and also axes that do not exist."""
    return st.integers(-rank - beyond, max(rank - 1 + beyond, -rank - beyond))


def distinct_axes(data, rank):
    """Draws distinct axes, counted from either end; older versions of Keras confuse these."""
    chosen = data.draw(st.lists(st.integers(0, rank - 1), unique=True, max_size=rank))
    negative = st.booleans() if CURRENT else st.just(False)
    return tuple(it - rank if data.draw(negative) else it for it in chosen)


# ---------------------------------------------------------------------------------------------
# All operations


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
def test_each_class_belongs_to_keras(kind):
    assert issubclass(class_of(kind), keras.Operation)


def test_each_class_has_one_rule():
    assert len(OPERATIONS) == len(operations.RULES)


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
def test_each_rule_has_source(kind):
    assert OPERATIONS[kind].source.startswith("https://")


# ---------------------------------------------------------------------------------------------
# Element by element

CONFIGS = {
    "Cast": {"dtype": "int32"},
    "Clip": {"x_min": 0, "x_max": 1},
    "SaturateCast": {"dtype": "int32"},
    "Threshold": {"threshold": 0.5, "default_value": 0.0},
}
MORE = {"FullLike": [7], "LayerNorm": [None, None], "RMSNorm": [None]}
UNARY = [kind for kinds in elementwise._UNARY.values() for kind in kinds.split()]
UPDATES = {"ScatterUpdate", "SliceUpdate"}


@pytest.mark.parametrize("kind", [it for it in UNARY if it not in UPDATES])
@pytest.mark.parametrize("shape", [(None, 4, 6), (None, None)])
def test_unary_operations_match_keras(kind, shape):
    compare(kind, CONFIGS.get(kind, {}), tensor(*shape), *MORE.get(kind, []))


def test_updates_match_keras():
    updates = tensor(2, 3)
    compare("SliceUpdate", {}, tensor(5, 3), (1, 0), updates)
    compare("ScatterUpdate", {}, tensor(5, 3), np.zeros((2, 1), "int32"), updates)
    operation = class_of("SliceUpdate")()
    assert (
        derivation(uncalled_operation(operation, (np.zeros((5, 3)), (1, 0), updates))) is None
    )


@pytest.mark.parametrize(
    "kind",
    ["Flip", "Roll", "Softmax", "LogSoftmax", "Normalize", "Sparsemax"] + ["Glu"] * CURRENT,
)
@drawn
@given(st.data())
def test_operations_along_axis_match_keras(kind, data):
    shape = data.draw(SHAPES)
    config = {"shift": 1} if kind == "Roll" else {}
    if data.draw(st.booleans()):
        config["axis"] = data.draw(axes(len(shape), beyond=1))
    elif kind == "Softmax":
        config["axis"] = distinct_axes(data, len(shape)) or None
    compare(kind, config, tensor(*shape))


@pytest.mark.parametrize("kind", elementwise._BINARY.split())
def test_binary_operations_match_keras(kind):
    compare(kind, {}, tensor(None, 4, 6), tensor(4, 1))
    compare(kind, {}, tensor(None, 4, 6), tensor(None, 5, 6))
    compare(kind, {}, tensor(None, 4, 6), np.ones((3, 1, 6), "float32"))


@drawn
@given(ANY_SHAPES, ANY_SHAPES)
def test_broadcasting_matches_keras(one, other):
    compare("Add", {}, tensor(*one), tensor(*other))


@drawn
@given(ANY_SHAPES, st.lists(st.integers(1, 3), max_size=3))
def test_broadcasting_with_constants_matches_keras(shape, constant):
    array = np.ones(constant, "float32")
    compare("Multiply", {}, tensor(*shape), array)
    compare("Subtract", {}, array, tensor(*shape))
    compare("Where", {}, tensor(*shape, dtype="bool"), array, 0.0)


@drawn
@given(ANY_SHAPES, ANY_SHAPES, ANY_SHAPES)
def test_where_matches_keras(condition, one, other):
    compare("Where", {}, tensor(*condition, dtype="bool"), tensor(*one), tensor(*other))
    compare("Where", {}, tensor(*condition, dtype="bool"), tensor(*one), 0.0)


@pytest.mark.parametrize(
    "operate",
    [
        lambda x: x + x,
        lambda x: 2 * x,
        lambda x: 1 - x,
        lambda x: x / 3.0,
        lambda x: x // 2,
        lambda x: x % 2,
        lambda x: x**2,
        operator.neg,
        abs,
        lambda x: x > 0,
        lambda x: ops.equal(x, 0),
        lambda x: x * keras.Variable(np.ones((4, 1))),
        lambda x: x + np.float32(2),
        lambda x: ops.maximum(x, 0),
        lambda x: (x > 0) & (x < 1),
        lambda x: ~(x > 0),
    ],
)
def test_operators_match_keras(operate):
    check_call(operate(tensor(None, 4, 6)))


# ---------------------------------------------------------------------------------------------
# Reductions


@pytest.mark.parametrize("kind", [*reductions._KINDS.split(), "Logsumexp", "Norm"])
@drawn
@given(st.data())
def test_reductions_match_keras(kind, data):
    shape = data.draw(SHAPES)
    one_axis = "arg" in kind.lower()
    config = {"axis": None}
    if data.draw(st.booleans()):
        config["axis"] = data.draw(axes(len(shape), beyond=0 if kind == "Norm" else 1))
    elif not one_axis:
        config["axis"] = distinct_axes(data, len(shape)) or None
    if CURRENT or not one_axis:
        config["keepdims"] = data.draw(st.booleans())
    compare(kind, config, tensor(*shape))


def test_other_reductions_match_keras():
    x = tensor(None, 4, 6)
    compare("CountNonzero", {}, x)
    compare("CountNonzero", {"axis": (1, 2)}, x)
    compare("CountNonzero", {"axis": 3}, x)
    compare("Average", {"axis": 1}, x)
    compare("Moments", {"axes": (1, 2), "keepdims": True}, x)
    compare("Moments", {"axes": (0,)}, x)
    compare("Norm", {"axis": -1, "ord": 1}, x)
    check_call(ops.mean(x, axis=[1]))


@pytest.mark.parametrize(
    "kind", ["Cumsum", "Cumprod", "Nancumsum", "Nancumprod", "Sort", "Argsort"]
)
@drawn
@given(st.data())
def test_reductions_along_one_axis_match_keras(kind, data):
    shape = data.draw(SHAPES)
    # Two of them do not check that the axis exists.
    beyond = 0 if kind.startswith("Nan") else 1
    chosen = axes(len(shape), beyond)
    if CURRENT or kind.startswith(("Nan", "Cum")):
        chosen = st.one_of(st.none(), chosen)
    compare(
        kind, {"axis": data.draw(chosen)} if data.draw(st.booleans()) else {}, tensor(*shape)
    )


def test_reduced_batch_has_no_role():
    found = derivation(
        uncalled_operation(class_of("Sum")(axis=0, keepdims=True), [tensor(None, 4)])
    )
    assert [it.role for it in found.outputs[0]] == ["", ""]
    found = derivation(uncalled_operation(class_of("Sum")(axis=1), [tensor(None, 4)]))
    assert [it.role for it in found.outputs[0]] == ["batch"]


# ---------------------------------------------------------------------------------------------
# Reshaping


@drawn
@given(st.data())
def test_reshape_matches_keras(data):
    shape = data.draw(ANY_SHAPES)
    target = data.draw(st.lists(st.sampled_from([-1, 1, 2, 3, 4, 6, 12]), max_size=4))
    compare("Reshape", {"newshape": tuple(target)}, tensor(*shape))


@drawn
@given(st.lists(st.sampled_from([1, 2, 3, 4, 6]), max_size=4), st.data())
def test_valid_reshape_matches_keras(sizes, data):
    """The target has the same sizes in another order, some of them merged."""
    target = list(data.draw(st.permutations(sizes)))
    if target and data.draw(st.booleans()):
        target[data.draw(st.integers(0, len(target) - 1))] = -1
    if data.draw(st.booleans()):
        compare("Reshape", {"newshape": (-1, *target)}, tensor(None, *sizes))
    compare("Reshape", {"newshape": tuple(target)}, tensor(*sizes))


def test_reshape_shows_arithmetic_and_keeps_batch():
    x = tensor(None, 4, 6)
    flat = check_call(ops.reshape(x, (-1, 24)))
    assert [it.role for it in flat.outputs[0]] == ["batch", ""]
    mixed = check_call(ops.reshape(x, (-1, 12)))
    assert [it.role for it in mixed.outputs[0]] == ["", ""]
    known = check_call(ops.reshape(tensor(2, 4, 6), (2, 3, -1)))
    assert equation(known.outputs[0][2].size) == "⌊2·4·6/(2·3)⌋ = 8"


@drawn
@given(ANY_SHAPES, st.data())
def test_transpose_matches_keras(shape, data):
    rank = len(shape)
    order = tuple(data.draw(st.permutations(range(rank))))
    compare("Transpose", {}, tensor(*shape))
    if rank:
        compare("Transpose", {"axes": tuple(it - rank for it in order)}, tensor(*shape))
        compare("Transpose", {"axes": order}, tensor(*shape))
    one, other = data.draw(axes(rank, beyond=1)), data.draw(axes(rank, beyond=1))
    compare("Swapaxes", {"axis1": one, "axis2": other}, tensor(*shape))
    compare("Moveaxis", {"source": one, "destination": other}, tensor(*shape))
    count = data.draw(st.integers(0, rank))
    source = tuple(data.draw(st.permutations(range(rank)))[:count])
    compare("Moveaxis", {"source": source, "destination": order[:count]}, tensor(*shape))


@pytest.mark.skipif(not CURRENT, reason="older Keras does not look at the axes")
@pytest.mark.parametrize("order", [(0, 1), (0, 1, 3), (0, 1, 1), (0, 1, 2, 3)])
def test_invalid_transpose_matches_keras(order):
    compare("Transpose", {"axes": order}, tensor(None, 4, 6))


@drawn
@given(ANY_SHAPES, st.data())
def test_expand_dims_and_squeeze_match_keras(shape, data):
    rank = len(shape)
    compare("ExpandDims", {"axis": data.draw(axes(rank + 1, beyond=1))}, tensor(*shape))
    new = distinct_axes(data, rank + 2)[:2]
    if len(new) == 2:
        compare("ExpandDims", {"axis": new}, tensor(*shape))
    compare("Squeeze", {}, tensor(*shape))
    if rank:
        compare("Squeeze", {"axis": data.draw(axes(rank))}, tensor(*shape))
        compare("Squeeze", {"axis": distinct_axes(data, rank)}, tensor(*shape))
    compare("Ravel", {}, tensor(*shape))


@drawn
@given(ANY_SHAPES, st.data())
def test_repeat_and_tile_match_keras(shape, data):
    rank = len(shape)
    times = data.draw(st.integers(1, 3))
    compare("Repeat", {"repeats": times}, tensor(*shape))
    compare(
        "Repeat", {"repeats": (times,), "axis": data.draw(axes(rank, beyond=1))}, tensor(*shape)
    )
    compare("Tile", {"repeats": times}, tensor(*shape))
    compare(
        "Tile",
        {"repeats": tuple(data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=5)))},
        tensor(*shape),
    )


@drawn
@given(ANY_SHAPES, st.data())
def test_pad_matches_keras(shape, data):
    pair = st.tuples(st.integers(0, 3), st.integers(0, 3))
    width = data.draw(
        st.one_of(
            st.integers(0, 3), pair, st.tuples(pair), st.lists(pair, min_size=1).map(tuple)
        )
    )
    compare("Pad", {"pad_width": width}, tensor(*shape))


@drawn
@given(ANY_SHAPES, st.lists(st.integers(1, 6), max_size=4))
def test_broadcast_to_matches_keras(shape, target):
    assume(len(target) >= len(shape))
    compare("BroadcastTo", {"shape": tuple(target)}, tensor(*shape))


# ---------------------------------------------------------------------------------------------
# Joining and splitting


@drawn
@given(st.data())
def test_concatenate_and_stack_match_keras(data):
    first = data.draw(ANY_SHAPES)
    count = data.draw(st.integers(1, 3))
    shapes = [
        tuple(data.draw(st.one_of(st.just(size), SIZES)) for size in first)
        for _other in range(count)
    ]
    if data.draw(st.integers(0, 5)) == 0:
        shapes.append(data.draw(ANY_SHAPES))
    rank = len(first)
    # Keras rejects different ranks with several types of error.
    compare(
        "Concatenate",
        {"axis": data.draw(axes(rank, beyond=1))},
        [tensor(*shape) for shape in shapes],
    )
    compare("Concatenate", {}, [tensor(*shape) for shape in shapes])
    compare("Stack", {"axis": data.draw(axes(rank + 1))}, [tensor(*shape) for shape in shapes])
    compare("Stack", {}, [tensor(*shape) for shape in shapes])


@drawn
@given(SHAPES, st.data())
def test_split_matches_keras(shape, data):
    rank = len(shape)
    where = data.draw(axes(rank))
    cuts = data.draw(st.lists(st.integers(1, 5), max_size=3))
    compare(
        "Split",
        {"indices_or_sections": data.draw(st.integers(1, 3)), "axis": where},
        tensor(*shape),
    )
    compare("Split", {"indices_or_sections": tuple(cuts), "axis": where}, tensor(*shape))
    compare("Unstack", {"axis": where}, tensor(*shape))
    compare("Unstack", {"axis": where, "num": 2}, tensor(*shape))


# ---------------------------------------------------------------------------------------------
# Indexing

BOUNDS = st.one_of(st.none(), st.integers(-8, 8))
STEPS = st.sampled_from([None, None, 1, 2, 3, -1, -2])
PARTS = st.one_of(
    st.integers(-3, 3), st.builds(slice, BOUNDS, BOUNDS, STEPS), st.just(...), st.none()
)


@examples(200)
@given(ANY_SHAPES, st.lists(PARTS, min_size=1, max_size=4))
def test_get_item_matches_keras(shape, key):
    compare("GetItem", {}, tensor(*shape), tuple(key))


@pytest.mark.parametrize(
    ("key", "size", "printed", "named"),
    [
        (slice(1, -1), 10, "10 − 1 − 1 = 8", "n − b − a"),
        (slice(2, None), 10, "10 − 2 = 8", "n − a"),
        (slice(None, -3), 10, "10 − 3 = 7", "n − b"),
        (slice(None, None, 2), 9, "⌈9/2⌉ = 5", "⌈n/s⌉"),
        (slice(2, 7), 10, "7 − 2 = 5", "7 − a"),
        (slice(-3, None), 10, "3", "3"),
        (slice(None, 4), 10, "4", "4"),
        (slice(None, None, -1), 10, "10", "10"),
    ],
)
def test_slice_shows_arithmetic(key, size, printed, named):
    found = check_call(tensor(None, size)[:, key])
    assert equation(found.outputs[0][1].size) == printed
    assert formula(found.outputs[0][1].size) == named


def test_slice_with_step_zero_is_rejected():
    compare("GetItem", {}, tensor(None, 4), (slice(None), slice(None, None, 0)))


def test_keys_match_keras():
    for key in (0, (slice(None), 0), (..., -1), (slice(None), None), [0, 1], 9):
        compare("GetItem", {}, tensor(None, 4, 6), key)
    x = tensor(None, 4, 6)
    with pytest.raises(DoesNotFitError) as caught:
        derivation(uncalled_operation(class_of("GetItem")(), [x, (slice(None), 4)]))
    assert caught.value.arithmetic == "4 ≥ 4"


@drawn
@given(ANY_SHAPES, st.lists(st.integers(1, 4), max_size=2), st.data())
def test_take_matches_keras(shape, indices, data):
    rank = len(shape)
    config = {} if data.draw(st.booleans()) else {"axis": data.draw(axes(rank, beyond=1))}
    compare("Take", config, tensor(*shape), tensor(*indices, dtype="int32"))
    compare("Take", config, tensor(*shape), np.zeros(indices, "int32"))
    compare("Take", config, tensor(*shape), 0)
    compare("Take", config, tensor(*shape), [0, 0])
    compare("Take", config, np.zeros((4, 5), "float32"), tensor(*shape, dtype="int32"))


@drawn
@given(ANY_SHAPES, st.data())
def test_one_hot_and_top_k_match_keras(shape, data):
    chosen = data.draw(axes(len(shape), beyond=1))
    compare("OneHot", {"num_classes": 7, "axis": chosen}, tensor(*shape, dtype="int32"))
    compare("TopK", {"k": data.draw(st.integers(1, 3))}, tensor(*shape))


# ---------------------------------------------------------------------------------------------
# Products


@drawn
@given(st.data())
def test_matmul_and_dot_match_keras(data):
    few = st.one_of(st.none(), st.integers(1, 3))
    ranks = st.integers(0, 4) if CURRENT else st.integers(2, 4)
    one, other = (
        tuple(data.draw(st.lists(few, min_size=rank, max_size=rank)))
        for rank in (data.draw(ranks), data.draw(ranks))
    )
    compare("Matmul", {}, tensor(*one), tensor(*other))
    if one and other and (len(one) > 1 or one == other):
        compare("Dot", {}, tensor(*one), tensor(*other))


def test_multiply_adds_are_for_one_example():
    x = tensor(None, 4, 6)
    by_constant = check_call(ops.matmul(x, np.ones((6, 5), "float32")))
    assert equation(by_constant.multiply_adds) == "4·5·6 = 120"
    by_other = check_call(ops.matmul(x, tensor(None, 6, 3)))
    assert equation(by_other.multiply_adds) == "4·3·6 = 72"
    assert (
        check_call(ops.einsum("bij,bkj->bik", x, tensor(None, 3, 6))).multiply_adds.value == 72
    )
    assert check_call(ops.tensordot(x, np.ones((6, 5)), 1)).multiply_adds.value == 120
    assert check_call(ops.dot(x, np.ones((6, 5)))).multiply_adds.value == 120
    attention = check_call(
        ops.dot_product_attention(
            tensor(None, 4, 2, 8), tensor(None, 5, 2, 8), tensor(None, 5, 2, 8)
        )
    )
    assert equation(attention.multiply_adds) == "4·5·2·8 + 4·5·2·8 = 640"


@drawn
@given(st.data())
def test_tensordot_matches_keras(data):
    few = st.integers(1, 3)
    one = (None, *data.draw(st.lists(few, min_size=1, max_size=3)))
    other = tuple(data.draw(st.lists(few, min_size=1, max_size=3)))
    count = data.draw(st.integers(0, min(len(one) - 1, len(other))))
    pairs = (tuple(range(-count, 0)), tuple(range(count)))
    compare("Tensordot", {"axes": pairs}, tensor(*one), tensor(*other))
    if one[len(one) - count :] == other[:count]:
        compare("Tensordot", {"axes": count}, tensor(*one), tensor(*other))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bij,bjk->bik", [(None, 4, 6), (None, 6, 5)]),
        ("bij,jk->bik", [(None, 4, 6), (6, 5)]),
        ("bij,bjk->bik", [(None, 4, 6), (2, 6, 5)]),
        ("bij->bji", [(None, 4, 6)]),
        ("bij->b", [(None, 4, 6)]),
        ("bi,bj,bk->bijk", [(None, 2), (None, 3), (None, 4)]),
        ("...ij,...jk->...ik", [(None, 3, 4, 6), (None, 3, 6, 5)]),
        ("...ij,jk->...ik", [(None, 3, 4, 6), (6, 5)]),
        ("...ij,...jk->...ik", [(None, 3, 4, 6), (1, 6, 5)]),
        ("b...i,...i->b...", [(None, 3, 4), (3, 4)]),
        ("bij,bij->bij", [(None, 4, 6), (None, 4, 5)]),
        ("bij,bij->bij", [(None, 4, 6), (None, None, 6)]),
        ("bi,bi->b", [(None, 4, 6), (None, 6)]),
    ],
)
def test_einsum_matches_keras(equation, shapes):
    compare("Einsum", {"subscripts": equation}, *(tensor(*shape) for shape in shapes))


def test_attention_matches_keras():
    query, key, value = tensor(None, 4, 2, 8), tensor(None, 5, 2, 8), tensor(None, 5, 2, 3)
    found = compare("DotProductAttention", {}, query, key, value)
    assert formula(found.multiply_adds) == "i·j·h·q + i·j·h·w"


# ---------------------------------------------------------------------------------------------
# Windows


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@drawn
@given(st.data())
def test_pooling_matches_keras(kind, data):
    rank = data.draw(st.integers(1, 3))
    channels_first = data.draw(st.booleans())
    space = data.draw(st.lists(SIZES, min_size=rank, max_size=rank))
    strides = st.integers(1, 3)
    config = {
        "pool_size": data.draw(st.one_of(st.integers(1, 3), st.tuples(*[strides] * rank))),
        "strides": data.draw(st.one_of(st.none(), strides)),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
        "data_format": "channels_first" if channels_first else "channels_last",
    }
    shape = (None, 3, *space) if channels_first else (None, *space, 3)
    compare(kind, config, tensor(*shape))


# ---------------------------------------------------------------------------------------------
# Operations without a rule


@pytest.mark.parametrize(
    "operate",
    [
        lambda x: ops.repeat(x, [1, 2, 1, 1], axis=1),
        lambda x: ops.where(x > 0),
        lambda x: ops.average(x, axis=1, weights=np.ones(4)),
        lambda x: ops.norm(x, ord="fro", axis=(1, 2)),
        lambda x: ops.einsum("bij,bjk", x, ops.transpose(x, (0, 2, 1))),
        lambda x: ops.take(x, [[0, 1]], axis=1),
        lambda x: ops.equal(x, [1, 2]),
    ],
)
def test_operation_without_rule_has_no_derivation(operate):
    import kfunc_lab as lab

    graph = lab.read_graph(operate(tensor(None, 4, 6)))
    assert derivation(graph.call_of[graph.outputs[0]]) is None
