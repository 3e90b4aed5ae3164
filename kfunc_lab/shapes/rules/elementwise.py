"""Shape rules for raw operations that work element by element."""

from functools import partial

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import floor, number
from kfunc_lab.shapes.rules.merging import broadcast_axes
from kfunc_lab.shapes.rules.operands import (
    CORE,
    NN,
    NUMPY,
    chosen_axes,
    chosen_axis,
    from_axes,
    operands,
    single_input,
)
from kfunc_lab.shapes.rules.rule import (
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    axis,
    kept,
    same,
)

_BROADCASTING = "https://numpy.org/doc/stable/user/basics.broadcasting.html"

_UNARY = {
    NUMPY: (
        "Abs Absolute Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctanh Array BitwiseInvert "
        "BitwiseNot Cbrt Ceil Clip Conj Conjugate Copy Cos Cosh Deg2rad EmptyLike Exp Exp2 Expm1 "
        "Fabs Floor FullLike I0 Imag Isfinite Isinf Isnan Isneginf Isposinf Isreal Log Log10 "
        "Log1p Log2 LogicalNot NanToNum Negative OnesLike Rad2deg Real Reciprocal Round Sign "
        "Signbit Sin Sinc Sinh Sqrt Square Tan Tanh Tril Triu Trunc ZerosLike"
    ),
    NN: (
        "Celu Elu Gelu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid "
        "RMSNorm Relu Relu6 Selu Sigmoid Silu SoftShrink Softplus Softsign SparsePlus "
        "SparseSigmoid Squareplus TanhShrink Threshold"
    ),
    "https://keras.io/api/ops/math/": "Erf Erfc Erfinv Rsqrt",
    CORE: "Cast ConvertToTensor SaturateCast ScatterUpdate SliceUpdate StopGradient",
}
_BINARY = (
    "Add Arctan2 Divide DivideNoNan Equal FloorDivide Fmax Fmin Fmod Gcd Greater GreaterEqual "
    "Heaviside Hypot Isclose Lcm Ldexp Less LessEqual Logaddexp Logaddexp2 LogicalAnd LogicalOr "
    "LogicalXor Maximum Minimum Mod Multiply Nextafter NotEqual Power Subtract TrueDivide"
)


def _unary(call: Given) -> Derivation:
    if call.settings.keys() & {"x", "inputs"}:  # the shape comes from another argument
        raise NoRuleError(call.kind)
    return same(call)


def _along(call: Given, *, default: int | None) -> Derivation:
    """Derives an operation that keeps the shape and works along axes that must exist."""
    shape, chosen = single_input(call), call.get("axis", default)
    if chosen is not None:
        chosen_axes(chosen, shape)
    return same(call)


def _joined(call: Given, *, names: tuple[str, ...]) -> Derivation:
    return from_axes(broadcast_axes(operands(call, *names)))


def _gated(call: Given) -> Derivation:
    """Derives a gated linear unit: one half of an axis gates the other."""
    shape = single_input(call)
    where = chosen_axis(call.get("axis", -1), shape)
    size = shape[where]
    if size is not None and size % 2:
        raise DoesNotFitError(
            _("It halves an axis, whose size must be even: {n}.").format(n=size), f"{size} / 2"
        )
    axes = list(kept(shape))
    axes[where] = axis("", floor(number(size, "n") / 2))
    return from_axes(axes)


RULES = (
    *(Rule(kind, _unary, source) for source, kinds in _UNARY.items() for kind in kinds.split()),
    *(Rule(kind, partial(_along, default=None), NUMPY) for kind in ("Flip", "Roll")),
    *(
        Rule(kind, partial(_along, default=-1), NN)
        for kind in ("LogSoftmax", "Normalize", "Softmax", "Sparsemax")
    ),
    *(
        Rule(kind, partial(_joined, names=("x1", "x2")), _BROADCASTING, picture="same")
        for kind in _BINARY.split()
    ),
    Rule("Where", partial(_joined, names=("condition", "x1", "x2")), _BROADCASTING),
    Rule("Glu", _gated, NN, picture="axes"),
)
