"""Lesson 13."""


def recursive(leaf=0, pair=lambda left, right: left + right + 1):
    """Returns a recursive function with the given values of a leaf and of a pair."""

    def joins(tree):
        if isinstance(tree, tuple):
            return pair(*map(joins, tree))
        return leaf

    return lambda: joins


def as_given(tree): ...


def endless(tree):
    return endless(tree) + 1


def only_pairs(tree):
    if isinstance(tree, tuple):
        return 1


def at_most_two(tree):
    return len(tree) - 1


def without_shape(tree):
    return 3


WRONG = [
    ("count-joins", lambda: 3, ("the function itself", "la función misma")),
    ("count-joins", lambda: "joins", ("got str", "recibió str")),
    ("count-joins", recursive(leaf=1, pair=lambda a, b: a + b), ("the leaves", "las hojas")),
    ("count-joins", recursive(leaf=1), ("pairs *and* leaves", "pares *y* hojas")),
    (
        "count-joins",
        recursive(pair=lambda a, b: 1 + max(a, b)),
        ("the longest side only", "el lado más largo"),
    ),
    ("count-joins", recursive(pair=lambda a, b: a + b), ("always 0", "siempre 0")),
    ("count-joins", recursive(pair=lambda a, b: 1), ("only the last call", "solo la última")),
    (
        "count-joins",
        recursive(pair=lambda a, b: a + 1),
        ("only the left", "solo los lados izq"),
    ),
    (
        "count-joins",
        recursive(pair=lambda a, b: b + 1),
        ("only the right", "solo los lados der"),
    ),
    ("count-joins", recursive(pair=lambda a, b: a + b + 2), ("not 2", "no 2")),
    ("count-joins", lambda: endless, ("never stops", "no termina nunca")),
    ("count-joins", lambda: only_pairs, ("returns nothing", "no devuelve nada")),
    ("count-joins", lambda: at_most_two, ("fails: TypeError", "falla: TypeError")),
    ("count-joins", lambda: without_shape, ("For `0`", "Con `0`")),
]


def with_a_list(tree):
    waiting, count = [tree], 0
    while waiting:
        tree = waiting.pop()
        if isinstance(tree, tuple):
            waiting.extend(tree)
            count += 1
    return count


RIGHT = [
    ("count-joins", lambda: with_a_list),
    ("count-joins", lambda: lambda tree: str(tree).count("(")),
    ("count-joins", lambda: lambda tree: float(with_a_list(tree))),
]
GIVEN = [("count-joins", lambda: as_given)]
