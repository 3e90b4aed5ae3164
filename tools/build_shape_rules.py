"""Builds the page `docs/shape-rules.md`: which of Keras's classes have a rule about shapes.

    .venv/bin/python tools/build_shape_rules.py

It lists the classes of the Keras that is installed, so that is to be the newest one supported.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import keras

from kfunc_lab.shapes.rules import shape_preserving
from kfunc_lab.shapes.rules.formulas import LAYERS, OPERATIONS
from kfunc_lab.shapes.rules.rule import Rule

FILE = Path(__file__).parents[1] / "docs" / "shape-rules.md"

RULE, FALLBACK, UNCHANGED = "rule", "fallback", "does not change shape"

_OPENING = f"""\
# Which classes have a rule about shapes

The shapes, weights and costs of a class with a *{RULE}* are reckoned from its settings and the
shapes of its inputs, as arithmetic that is shown. A class that *{UNCHANGED}* returns a
tensor of the shape that it is given, and has no weights. Where it says *{FALLBACK}* there is no
arithmetic: a copy of the layer is asked what it returns, and so it is for settings that a rule
does not know.

A class of your own is asked too, unless it has a rule:

```python
import kfunc_lab as lab
from kfunc_lab.shapes.rules.arithmetic import ceiling, number
from kfunc_lab.shapes.rules.rule import Derivation, WeightSize, axis, batch

@lab.shape_rule(Thin, settings=("step",))     # what can be changed in lab.shapes
def thin(given):
    size = ceiling(number(given.shape[1], "n") / number(given.get("step"), "s"))
    kept = axis("steps", size)                # printed as ⌈n/s⌉ = ⌈10/3⌉ = 4
    features = axis("features", given.shape[2], "input")
    scale = WeightSize("scale", (number(given.shape[2], "n"),))  # as in layer.weights
    return Derivation(((batch(given), kept, features),), (scale,))
```

A rule that says of a call something else than the layer itself is left aside, and the view says so.

`tools/build_shape_rules.py` writes this page.
"""


def layer_classes() -> dict[str, list[str]]:
    """Lists the layer classes in `keras.layers`, each with its other names there."""
    names = defaultdict(list)
    for name, value in vars(keras.layers).items():
        if isinstance(value, type) and issubclass(value, keras.layers.Layer):
            names[value].append(name)
    return {
        cls.__name__: sorted(name for name in found if name != cls.__name__)
        for cls, found in sorted(names.items(), key=lambda item: item[0].__name__)
    }


def heading(kind: str) -> str:
    """Says how the shapes of a layer class are found."""
    if any(rule.kind == kind for rule in shape_preserving.RULES):
        return UNCHANGED
    return RULE if kind in LAYERS else FALLBACK


def page() -> str:
    """Writes the page."""
    return "\n".join(
        [_OPENING, "## Layers", "", *_layers(), "", "## Raw operations", "", *_operations(), ""]
    )


def _layers() -> Iterator[str]:
    yield _row("class", "shapes", "where the rule is written down")
    yield _row("---", "---", "---")
    for kind, aliases in layer_classes().items():
        found = heading(kind)
        source = f"<{LAYERS[kind].source}>" if found == RULE else ""
        yield _row(_code([kind, *aliases]), found, source)


def _operations() -> Iterator[str]:
    yield _row("where the rule is written down", "classes")
    yield _row("---", "---")
    for source, kinds in sorted(_by_source(OPERATIONS).items()):
        yield _row(f"<{source}>", _code(sorted(kinds)))


def _by_source(rules: Mapping[str, Rule]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for kind, rule in rules.items():
        found[rule.source].append(kind)
    return found


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Writes the file."""
    FILE.write_text(page(), encoding="utf-8")
    print(f"{FILE.name}: Keras {keras.__version__}")


if __name__ == "__main__":
    main()
