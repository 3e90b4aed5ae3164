"""Builds the page `docs/shape-rules.md`, which lists the Keras classes that have a shape rule.

    .venv/bin/python tools/build_shape_rules.py

It lists the classes of the installed Keras, which should be the newest supported version.
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
# Classes with a shape rule

For a class with a *{RULE}*, `lab.shapes` calculates the shapes, weights and costs from the settings
and the input shapes, and shows the calculation. A class that *{UNCHANGED}* returns a
tensor of the same shape as its input and has no weights. *{FALLBACK.capitalize()}* means that there
is no calculation: a copy of the layer runs symbolically and returns its output shape. The same
happens for settings that a rule does not know.

A custom layer also runs symbolically, unless you register a rule for it:

```python
import kfunc_lab as lab
from kfunc_lab.shape_rules import Derivation, WeightSize, axis, batch, ceiling, number

@lab.shape_rule(Thin, settings=("step",))     # the settings that lab.shapes can change
def thin(call):
    size = ceiling(number(call.shape[1], "n") / number(call.get("step"), "s"))
    steps = axis("steps", size)               # printed as ⌈n/s⌉ = ⌈10/3⌉ = 4
    features = axis("features", call.shape[2], "input")
    scale = WeightSize("scale", (number(call.shape[2], "n"),))  # as in layer.weights
    return Derivation(((batch(call), steps, features),), (scale,))
```

If a rule disagrees with the layer itself, the rule is not used, and the view says so.

`tools/build_shape_rules.py` writes this page.
"""


def layer_classes() -> dict[str, list[str]]:
    """Lists the layer classes in `keras.layers`, each with its aliases."""
    names = defaultdict(list)
    for name, value in vars(keras.layers).items():
        if isinstance(value, type) and issubclass(value, keras.layers.Layer):
            names[value].append(name)
    return {
        cls.__name__: sorted(name for name in all_names if name != cls.__name__)
        for cls, all_names in sorted(names.items(), key=lambda item: item[0].__name__)
    }


def heading(kind: str) -> str:
    """Says how the shapes of a layer class are computed."""
    if any(rule.kind == kind for rule in shape_preserving.RULES):
        return UNCHANGED
    return RULE if kind in LAYERS else FALLBACK


def page() -> str:
    """Writes the page."""
    return "\n".join(
        [_OPENING, "## Layers", "", *_layers(), "", "## Raw operations", "", *_operations(), ""]
    )


def _layers() -> Iterator[str]:
    yield _row("class", "shapes", "source of the rule")
    yield _row("---", "---", "---")
    for kind, aliases in layer_classes().items():
        entry = heading(kind)
        source = f"<{LAYERS[kind].source}>" if entry == RULE else ""
        yield _row(_code([kind, *aliases]), entry, source)


def _operations() -> Iterator[str]:
    yield _row("source of the rule", "classes")
    yield _row("---", "---")
    for source, kinds in sorted(_by_source(OPERATIONS).items()):
        yield _row(f"<{source}>", _code(sorted(kinds)))


def _by_source(rules: Mapping[str, Rule]) -> dict[str, list[str]]:
    kinds = defaultdict(list)
    for kind, rule in rules.items():
        kinds[rule.source].append(kind)
    return kinds


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
