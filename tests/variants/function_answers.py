"""The exercise whose answer is a recursive function: rewritten, and mutated in its source."""

import ast
import random
from collections.abc import Iterator
from itertools import product
from typing import Any

from variants.value_answers import mutated

Variant = tuple[str, Any]

_PAIR = [
    "isinstance(tree, tuple)",
    "type(tree) is tuple",
    "isinstance(tree, (tuple, list))",
    "not isinstance(tree, int)",
    "hasattr(tree, '__len__')",
    "tree not in range(10)",
]
_FORMS = [
    "def joins(tree):\n    if {pair}:\n        left, right = tree\n"
    "        return joins(left) + joins(right) + 1\n    return 0",
    "def joins(tree):\n    if not ({pair}):\n        return 0\n"
    "    return 1 + joins(tree[0]) + joins(tree[1])",
    "joins = lambda tree: 1 + sum(map(joins, tree)) if {pair} else 0",
    "def joins(tree):\n    return 1 + sum(joins(side) for side in tree) if {pair} else 0",
    "def joins(tree, count=0):\n    if {pair}:\n        count = count + 1\n"
    "        for side in tree:\n            count = count + joins(side)\n    return count",
    "def joins(tree):\n    def leaves(tree):\n"
    "        return sum(map(leaves, tree)) if {pair} else 1\n    return leaves(tree) - 1",
    "def joins(tree):\n    count, waiting = 0, [tree]\n    while waiting:\n"
    "        tree = waiting.pop()\n        if {pair}:\n            count += 1\n"
    "            waiting.extend(tree)\n    return count",
    "def joins(tree):\n    match tree:\n        case (left, right):\n"
    "            return joins(left) + joins(right) + 1\n        case _:\n            return 0",
    "def joins(tree):\n    try:\n        left, right = tree\n    except TypeError:\n"
    "        return 0\n    return joins(left) + 1 + joins(right)",
    "class Joins:\n    def __call__(self, tree):\n"
    "        return 1 + self(tree[0]) + self(tree[1]) if {pair} else 0\njoins = Joins()",
    "from functools import cache\n@cache\ndef joins(tree):\n"
    "    return joins(tree[0]) + joins(tree[1]) + 1 if {pair} else 0",
    "import numpy as np\ndef joins(tree):\n"
    "    return np.sum([joins(side) for side in tree]) + 1 if {pair} else 0",
    "def joins(tree):\n    return repr(tree).count(',')",
    "calls = 0\ndef value(tree):\n    global calls\n    if {pair}:\n        left, right = tree\n"
    "        value(left), value(right)\n        calls += 1\ndef joins(tree):\n"
    "    global calls\n    calls = 0\n    value(tree)\n    return calls",
    "import keras\ndef joins(tree):\n    return keras.ops.convert_to_tensor(\n"
    "        1 + joins(tree[0]) + joins(tree[1]) if {pair} else 0)",
    "def joins(tree):\n    print('tree', tree)\n"
    "    return joins(tree[0]) + joins(tree[1]) + True if {pair} else False",
    "def joins(tree):\n    n = 0\n    if {pair}:\n        left, right = tree\n"
    "        n += joins(left)\n        n += joins(right)\n        n += 1\n    return float(n)",
]


def _trees(depth: int) -> list[Any]:
    if depth == 0:
        return [0, 3]
    smaller = _trees(depth - 1)
    return [*smaller, *product(smaller[:4], smaller[-4:])]


def _wanted(tree: Any) -> int:
    return 1 + sum(map(_wanted, tree)) if isinstance(tree, tuple) else 0


def right(seed: int, count: int) -> Iterator[Variant]:
    draw = random.Random(f"joins {seed}")
    forms = draw.sample(_FORMS, len(_FORMS))
    for number in range(count):
        source = forms[number % len(forms)].format(pair=draw.choice(_PAIR))
        answer = _made(source)
        assert _is_right(answer), source
        yield f"count-joins {number}: {source}", answer


def wrong(seed: int, count: int) -> Iterator[Variant]:
    """Yields functions with one constant, operator or call changed that then count otherwise."""
    draw = random.Random(f"wrong joins {seed}")
    number = 0
    sources = [_FORMS[at].format(pair=_PAIR[0]) for at in (0, 1, 2, 3, 4, 5, 6, 9)]
    found = [it for source in sources for it in dict.fromkeys(_slips(source))]
    draw.shuffle(found)
    for source in [*found[:3], *_OTHERS, *found[3:]]:
        answer = _made(source)
        if number < count and answer is not None and not _is_right(answer):
            yield f"count-joins {number}: {source}", answer
            number += 1


_OTHERS = [
    "joins = 'joins'",
    "joins = [0, 1, 3]",
    "joins = None or 3",
    "def joins(): return 3",
    "def joins(tree, more): return 3",
    "def joins(tree):\n    tree = tree[0]\n    return joins(tree)",
    "def joins(tree): return len(tree)",
    "def joins(tree): print(1 if isinstance(tree, tuple) else 0)",
    "def joins(tree): return str(tree)",
    "def joins(tree): return [tree]",
    "def joins(tree):\n    yield 1",
    "joins = (lambda tree: 1 + joins(tree[0]) + joins(tree[1]))",
]


def _slips(source: str) -> Iterator[str]:
    yield from mutated(source, "exec")
    for old, new in (
        ("joins(right)", "joins(left)"),
        ("tree[1]", "tree[0]"),
        ("return 0", "return"),
        ("return 0", "return tree"),
        ("        return joins", "        joins"),
        ("sum(", "max("),
        ("sum(", "len(list("),
        ("joins(left) + joins(right)", "joins(left) * joins(right)"),
        ("joins(left) + joins(right)", "joins(tree)"),
        ("joins(left) + joins(right)", "left + right"),
        ("joins(left) + joins(right)", "joins([left, right])"),
        ("isinstance(tree, tuple)", "isinstance(tree, list)"),
        ("isinstance(tree, tuple)", "isinstance(tree, int)"),
        ("isinstance(tree, tuple)", "tree"),
        ("isinstance(tree, tuple)", "len(tree) == 2"),
    ):
        if old in source:
            yield source.replace(old, new) + (")" if new == "len(list(" else "")


def _made(source: str) -> Any:
    names: dict[str, Any] = {"print": lambda *parts: None}
    try:
        ast.parse(source)
        exec(source, names)
    except Exception:  # a learner never gets to the check
        return None
    return names["joins"]


def _is_right(answer: Any) -> bool:
    try:
        return all(int(answer(tree)) == _wanted(tree) for tree in _trees(3))
    except Exception:
        return False
