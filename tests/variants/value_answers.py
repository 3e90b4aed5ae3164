"""The exercises whose answers are numbers, shapes, truth values and words."""

import ast
import random
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import seed_models

from kfunc_lab.lessons.exercises import EXERCISES

Variant = tuple[str, Any]

NUMBERS = (
    *("species-parameters", "steps-per-epoch", "same-model-twice", "total-loss"),
    *("shared-count", "own-layer-parameters"),
)
DICTS = (
    *("dense-on-image", "what-is-in-the-file", "both-models", "what-adds", "what-comes-out"),
    *("six-architectures", "rnn-calls", "frozen-count", "steps-that-count"),
)


def solution(name: str) -> Any:
    names: dict[str, Any] = {}
    if name == "both-models":
        names["encoder"], names["autoencoder"] = seed_models.encoder_and_autoencoder()
    exec(EXERCISES[name].solution, names)
    return names[EXERCISES[name].answer]


# ---------------------------------------------------------------------------------------------
# Right values in other forms

_WHOLE: list[Callable[[int], Any]] = [
    int,
    np.int64,
    np.int32,
    np.uint32,
    float,
    np.float32,
    str,
    Fraction,
    Decimal,
    "{:,}".format,
    " {} ".format,
    "{:_}".format,
    "{:.1f}".format,
    "{:,}".format,
    np.array,
    lambda n: np.array([n]),
    lambda n: np.array([[n]]),
    lambda n: [n],
    lambda n: (n,),
    lambda n: keras.ops.convert_to_tensor(n),
    lambda n: Fraction(2 * n, 2),
    lambda n: sum([n]),
    lambda n: np.prod([n, 1]),
    lambda n: 2 * n / 2,
    lambda n: n + 1e-12,
    lambda n: keras.Variable(float(n), trainable=False),
    lambda n: (n * 3) // 3,
    lambda n: np.float64(n),
    lambda n: complex(n).real,
    lambda n: f"{n}.0",
    lambda n: f"+{n}",
]

_FRACTION: list[Callable[[float], Any]] = [
    float,
    np.float32,
    np.float64,
    str,
    Decimal,
    lambda x: Decimal(str(x)),
    lambda x: Fraction(x).limit_denominator(1000),
    lambda x: str(x).replace(".", ","),
    lambda x: f" {x:.2f} ",
    lambda x: f"{x:.3f}",
    np.array,
    lambda x: np.array([x]),
    lambda x: [x],
    lambda x: keras.ops.convert_to_tensor(x),
    lambda x: round(x, 2),
    lambda x: x + 1e-9,
    lambda x: x - 1e-9,
    lambda x: np.float16(x),
    lambda x: np.array([[x]]),
    lambda x: (x,),
    lambda x: sum([x]),
    lambda x: f"{x:e}",
    lambda x: np.mean([x, x]),
    lambda x: np.float32(0.6) + np.float32(0.2) * np.float32(1.2),
    lambda x: x * 3 / 3,
    lambda x: Fraction(21, 25),
    lambda x: "21/25",
    lambda x: f"+{x}",
    lambda x: f"{x:.4f}",
    lambda x: keras.Variable(x, trainable=False),
]

_SHAPE: list[Callable[[tuple], Any]] = [
    tuple,
    list,
    str,
    lambda s: str(list(s)),
    lambda s: np.array(s, object),
    lambda s: tuple(n if n is None else np.int64(n) for n in s),
    lambda s: tuple(n if n is None else float(n) for n in s),
    lambda s: str(s).strip("()"),
    lambda s: tuple(n if n is None else str(n) for n in s),
    lambda s: str(s).replace(" ", ""),
    lambda s: keras.KerasTensor(s).shape,
    lambda s: [*s],
    lambda s: (s,),
    lambda s: f" {s} ",
]

_NUMBERS_IN_A_ROW: list[Callable[[list[int]], Any]] = [
    list,
    tuple,
    np.array,
    lambda row: np.array(row, "float32"),
    lambda row: np.array([row])[0],
    lambda row: [np.int64(n) for n in row],
    lambda row: [float(n) for n in row],
    lambda row: [str(n) for n in row],
    lambda row: keras.ops.convert_to_tensor(row),
    lambda row: [keras.ops.convert_to_tensor(n) for n in row],
    lambda row: [np.array([n]) for n in row],
    lambda row: str(row),
    lambda row: str(row).strip("[]"),
    lambda row: dict(enumerate(row)).values(),
    lambda row: np.array([row]),
    lambda row: [[n] for n in row],
    lambda row: np.array(row)[:, None],
]

_TRUTH: list[Callable[[bool], Any]] = [
    bool,
    int,
    np.bool_,
    float,
    np.int64,
    lambda b: np.array(b),
    lambda b: np.array([b]),
    lambda b: keras.ops.convert_to_tensor(b),
    lambda b: [b],
]

_WORDS = {
    "sequential": [
        "sequential",
        "Sequential",
        "SEQUENTIAL",
        " sequential ",
        "secuencial",
        "Secuencial",
        keras.Sequential,
        "sequential API",
        "keras.Sequential",
        "`sequential`",
        '"sequential"',
        "a Sequential",
        "Sequential model",
    ],
    "functional": [
        "functional",
        "Functional",
        "FUNCTIONAL",
        "functional ",
        "funcional",
        "functional API",
        "Functional API",
        "the functional API",
        "'functional'",
        "functional-API",
        "API funcional",
        "functional model",
        keras.models.Functional if hasattr(keras.models, "Functional") else "functional",
    ],
    "subclass": [
        "subclass",
        "Subclass",
        "subclassing",
        "subclassed",
        "SUBCLASS",
        "subclase",
        "herencia",
        "por herencia",
        "subclass ",
        "model subclassing",
        "a subclass",
        "`subclass`",
        "subclass API",
    ],
}

_DICTS: list[Callable[[dict], Any]] = [
    dict,
    OrderedDict,
    MappingProxyType,
    lambda d: type("Answers", (dict,), {})(d),
    lambda d: dict(reversed(d.items())),
    lambda d: dict(sorted(d.items())),
]


def forms_of(value: Any) -> list[Callable[[Any], Any]]:
    if isinstance(value, bool):
        return _TRUTH
    if isinstance(value, int):
        return _WHOLE
    if isinstance(value, float):
        return _FRACTION
    if isinstance(value, tuple):
        return _SHAPE
    if isinstance(value, list):
        return _NUMBERS_IN_A_ROW
    return [lambda word, form=form: form for form in _WORDS[value]]


def right(name: str, seed: int, count: int) -> Iterator[Variant]:
    answer = solution(name)
    draw = random.Random(f"{name} {seed}")
    if not isinstance(answer, Mapping):
        forms = list(forms_of(answer))
        draw.shuffle(forms)
        for number in range(count):
            value = forms[number % len(forms)](answer)
            yield f"{name} {number}: {value!r}", value
        return
    for number in range(count):
        value = {key: draw.choice(forms_of(part))(part) for key, part in answer.items()}
        value = draw.choice(_DICTS)(value)
        yield f"{name} {number}: {dict(value)!r} in {type(value).__name__}", value


# ---------------------------------------------------------------------------------------------
# Wrong values


def wrong(name: str, seed: int, count: int) -> Iterator[Variant]:
    answer = solution(name)
    draw = random.Random(f"wrong {name} {seed}")
    if isinstance(answer, Mapping):
        found = _wrong_dicts(name, dict(answer))
    else:
        found = [(f"{value!r}", value) for value in _wrong_numbers(name, answer)]
    draw.shuffle(found)
    for number in range(count):
        note, value = found[number % len(found)]
        yield f"{name} {number}: {note}", value


def _wrong_numbers(name: str, right: Any) -> list[Any]:
    """Mutates the arithmetic of the solution, and the result."""
    code = EXERCISES[name].solution.partition("=")[2].strip()
    results = {_value(mutant) for mutant in mutated(code)} - {None}
    results |= {right + 1, right - 1, right * 2, right * 32, -right, right + 100, 0}
    results = {value for value in results if abs(value - right) > 0.01}
    return [*sorted(results), "many", [1, 2], {"n": right}, "1" + str(right), print]


def _value(code: str) -> Any:
    try:
        return eval(code)
    except Exception:
        return None


def mutated(code: str, mode: str = "eval") -> Iterator[str]:
    """Yields an expression with one constant or operator changed, or one term left out."""
    size = len(list(ast.walk(ast.parse(code, mode=mode))))
    for at in range(size):
        for way in range(6):
            tree = ast.parse(code, mode=mode)
            mutator = _Mutator(at, way)
            yield ast.unparse(mutator.visit(tree))


class _Mutator(ast.NodeTransformer):
    def __init__(self, at: int, way: int) -> None:
        self.at, self.way, self.count = at, way, -1

    def visit(self, node: ast.AST) -> ast.AST:
        self.count += 1
        if self.count == self.at:
            if isinstance(node, ast.Constant):
                value = node.value
                others = [value + 1, value - 1, value * 2, 1, 0, value * 10]
                return ast.Constant(others[self.way])
            if isinstance(node, ast.BinOp):
                swaps = [ast.Add(), ast.Mult(), ast.Sub()]
                if self.way < 3:
                    return ast.BinOp(node.left, swaps[self.way], node.right)
                return [node.left, node.right, ast.BinOp(node.left, ast.Add(), node)][
                    self.way - 3
                ]
        return self.generic_visit(node)


def _wrong_dicts(name: str, answer: dict) -> list[Variant]:
    found: list[Variant] = []
    for key, value in answer.items():
        others = _wrong_parts(name, value)
        others += [v for k, v in answer.items() if type(v) is type(value) and v != value]
        found += [(f"{key}: {other!r}", {**answer, key: other}) for other in others]
        rest = {k: v for k, v in answer.items() if k != key}
        found.append((f"no {key}", rest))
        found.append((f"other key for {key}", {**rest, key + "s": value}))
    found.append(("one key more", {**answer, "more": 1}))
    found.append(("list", list(answer.values())))
    found.append(("values", tuple(answer.values())))
    keys = list(answer)
    found.append(("first value", answer[keys[0]]))
    shifted = dict(zip(keys, [*list(answer.values())[1:], answer[keys[0]]], strict=True))
    if shifted != answer:
        found.append(("shifted", shifted))
    if all(isinstance(v, bool) for v in answer.values()):
        found.append(("all flipped", {k: not v for k, v in answer.items()}))
        found.append(("all true", dict.fromkeys(answer, True)))
        found.append(("all false", dict.fromkeys(answer, False)))
    return found


def _wrong_parts(name: str, value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value, "maybe", 2, [], int(not value), np.bool_(not value)]
    if isinstance(value, int):
        return [
            value + 1,
            value - 1 or 7,
            value * 2 or 5,
            value + 100,
            "many",
            value * 16 or 16,
            (1, 2),
        ]
    if isinstance(value, tuple):
        others: list[Any] = [value[1:], value[::-1], value[:-1], (*value, 1), 784, "a shape"]
        others.append((1 if value[0] is None else None, *value[1:]))
        for at, size in enumerate(value):
            if isinstance(size, int):
                others += [
                    (*value[:at], n, *value[at + 1 :]) for n in (size + 1, size - 1 or 9, None)
                ]
        swapped = (value[0], *value[1:][::-1])
        return [it for it in [*others, swapped] if it != value]
    if isinstance(value, list):
        return _wrong_rows(value)
    words = [word for word in _WORDS if word != value]
    return [*words, "graph", 1, words[0].upper()]


def _wrong_rows(row: list[int]) -> list[Any]:
    others: list[Any] = [row[::-1], row[1:], row[:-1], [*row, 1], [], "many", sum(row), row[0]]
    others += [[4 - n for n in row], [len(row)] * len(row), [row, row], [0] * len(row)]
    for at, n in enumerate(row):
        for other in (n + 1, n - 1, "many", None):
            others.append([*row[:at], other, *row[at + 1 :]])
    return others
