"""The terms that the lessons use, cell by cell, and the cells that introduce them.

    python tests/course_terms.py            # each term, its first use, its introduction
    python tests/course_terms.py --faults   # only the terms that no cell introduces in time
    python tests/course_terms.py --draft    # the same, as lines for TERMS.toml

A term is a name of Keras, of kfunc_lab or of NumPy, an argument, a construct of Python, or a word
of the field. Names are found in code cells, in code within the prose, and in the questions of
predictions; words of the field are those of TERMS.toml and GLOSSARY.md, and emphasised words.
"""

import ast
import builtins
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jupytext

import kfunc_lab

SOURCES = Path(__file__).parents[1] / "notebooks" / "src"
LANGUAGES = ("en", "es")

# What "Python" means to the course: what a learner knows who has written functions and loops.
KNOWN = frozenset(
    {
        print,
        len,
        range,
        sum,
        min,
        max,
        abs,
        round,
        int,
        float,
        str,
        bool,
        list,
        dict,
        tuple,
        set,
    }
    | {sorted, reversed, zip, enumerate, any, all, type, ValueError, TypeError}
)
CONSTRUCTS: dict[type[ast.AST], str] = {
    ast.ListComp: "comprehension",
    ast.SetComp: "comprehension",
    ast.DictComp: "comprehension",
    ast.GeneratorExp: "comprehension",
    ast.Try: "try",
    ast.With: "with",
    ast.ClassDef: "`class`",
    ast.Lambda: "lambda",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.IfExp: "conditional expression",
    ast.NamedExpr: "`:=`",
    ast.Starred: "`*`",
    ast.MatMult: "`@`",
    ast.Raise: "raise",
    ast.Assert: "assert",
    ast.Global: "global",
    ast.Match: "match",
    ast.AsyncFunctionDef: "async",
}
# The attributes and methods of Python's own types.
KNOWN_ATTRIBUTES = frozenset(
    name for kind in (str, list, dict, tuple, set, int, float) for name in dir(kind)
)
MODULES = frozenset({"keras", "layers", "ops", "lab", "np", "tf"})
INLINE = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
BLOCK = re.compile(r"```(?:python)?\n(.*?)```", re.DOTALL)
EMPHASISED = re.compile(r"(?<![*\w])\*(?!\*)([^*\n]+(?:\n[^*\n]+)?)\*(?![*\w])")
MARKED = re.compile(r"(?<![*\w])\*{1,2}(?!\*)([^*\n]+)\*{1,2}(?![*\w])")
LETTERED_LAYER = re.compile(
    r"(?<![\w-])[A-Z]\w*[A-Z0-9]\w*\b"
)  # such as Conv2D and LSTM, in prose


@dataclass(frozen=True)
class Cell:
    """A cell of a lesson: its code, or its text in each language."""

    lesson: str
    id: str
    is_code: bool
    optional: bool
    text: dict[str, str]

    @property
    def name(self) -> str:
        """The number of the lesson and the id, such as `01[about-call]`."""
        return f"{self.lesson[:2]}[{self.id}]"


@dataclass(frozen=True)
class Terms:
    """What TERMS.toml says.

    Attributes:
        cells: The lesson and the id of the cells that introduce each term: one, or an optional
            one and a later one for those who leave it out.
        spanish: The Spanish of each word of the field; every other term is a name.
        assumed: The names that a learner brings along.
        everyday: Words of the glossary that the lessons also use in their everyday sense.
        emphasis: Words that are emphasised without being terms.
        shown: Cells of code that are run before their terms are the subject, such as `00[graph]`.
    """

    cells: dict[str, list[tuple[str, str]]]
    spanish: dict[str, str]
    assumed: frozenset[str]
    everyday: frozenset[str]
    emphasis: frozenset[str]
    shown: frozenset[str]


# ---------------------------------------------------------------------------------------------
# The files


@cache
def cells() -> list[Cell]:
    """Returns the cells of all lessons, in the order of the course."""
    found: dict[tuple[str, str], Cell] = {}
    for source in sorted(SOURCES.glob("[0-9][0-9]_*.py")):
        for cell in jupytext.read(source, fmt="py:percent").cells:
            tags = cell.metadata.get("tags", [])
            key = (source.stem, cell.metadata["id"])
            is_code = cell.cell_type == "code"
            text = {
                language: cell.source for language in LANGUAGES if is_code or language in tags
            }
            earlier = found.get(key)
            found[key] = Cell(
                *key, is_code, "optional" in tags, {**(earlier.text if earlier else {}), **text}
            )
    return list(found.values())


@cache
def terms() -> Terms:
    """Reads TERMS.toml."""
    table = tomllib.loads((SOURCES / "TERMS.toml").read_text("utf-8"))
    general = table.pop("course")
    introduced: dict[str, list[tuple[str, str]]] = {}
    for lesson, by_cell in table.items():
        for cell, names in by_cell.items():
            for name in names:
                introduced.setdefault(name, []).append((lesson, cell))
    lists = {
        name: frozenset(general[name]) for name in ("assumed", "everyday", "emphasis", "shown")
    }
    return Terms(introduced, {**glossary(), **general["spanish"]}, **lists)


@cache
def glossary() -> dict[str, str]:
    """Maps the terms of GLOSSARY.md to their first Spanish word."""
    rows = [
        line.strip("|").split("|")
        for line in (SOURCES / "GLOSSARY.md").read_text().splitlines()
    ]
    table = [[cell.strip() for cell in row] for row in rows if len(row) == 3][2:]
    pairs: dict[str, str] = {}
    for english, spanish, _avoided in table:
        englishes, spanishes = english.split(", "), re.split(r"[,;] ", spanish)
        for number, word in enumerate(englishes):
            other = spanishes[number] if len(spanishes) == len(englishes) else spanishes[0]
            pairs[re.sub(r" \(.*\)|^to ", "", word)] = re.sub(r" \(.*\)|[`*]", "", other)
    return pairs


# ---------------------------------------------------------------------------------------------
# Names in code


def names_in_code(code: str, own: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yields the names and constructs that a piece of code uses.

    Args:
        code: Python, perhaps with lines of `%magic` and a trailing `;`.
        own: What the lesson has defined itself: functions, classes, attributes.
    """
    yield from re.findall(r"(?m)^\s*(%%?\w+)", code)
    code = re.sub(r"(?m)^\s*%.*$", "", code)
    if re.search(r";\s*$", code):
        yield "`;`"
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return
    for node in _nodes(tree):
        yield from _of_node(node, own)


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yields a node and those below it, without the parts of a dotted name such as `lab.graph`."""
    yield node
    if isinstance(node, ast.Attribute) and _dotted(node)[0]:
        return
    for child in ast.iter_child_nodes(node):
        yield from _nodes(child)


def _of_node(node: ast.AST, own: frozenset[str]) -> Iterator[str]:
    if type(node) in CONSTRUCTS:
        yield CONSTRUCTS[type(node)]
    if isinstance(node, ast.arguments) and node.kwarg:
        yield "`**`"
    if isinstance(node, ast.Attribute):
        yield from _of_attribute(node, own)
    elif isinstance(node, ast.Name) and node.id in BUILTINS - own:
        yield node.id
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if is_keras_word(node.value):
            yield node.value
    elif isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names if node.module != "keras.src")
    elif isinstance(node, ast.Call):
        yield from _of_arguments(node, own)
    elif isinstance(node, ast.Slice) and node.step is not None:
        yield "`::`"
    elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list:
        yield "decorator"


# The names of Python's builtins that a learner may not know.
BUILTINS = frozenset(
    name
    for name, value in vars(builtins).items()
    if name.isidentifier() and not (isinstance(value, type(print) | type) and value in KNOWN)
)


def _of_attribute(node: ast.Attribute, own: frozenset[str]) -> Iterator[str]:
    root, path = _dotted(node)
    if root in ("keras", "layers", "ops"):
        yield ("ops." if "ops" in (root, *path[:-1]) else "") + path[-1]
    elif root in ("lab", "np", "tf"):
        yield f"{root}.{'.'.join(path)}"
    elif node.attr not in KNOWN_ATTRIBUTES | own:
        yield f".{node.attr}"


def _dotted(node: ast.Attribute) -> tuple[str | None, list[str]]:
    """Returns the module that a dotted name starts with, and the rest; or `None`."""
    path, value = [node.attr], node.value
    while isinstance(value, ast.Attribute):
        path.insert(0, value.attr)
        value = value.value
    name = value.id if isinstance(value, ast.Name) else None
    return (name, path) if name in MODULES else (None, path)


def _of_arguments(call: ast.Call, own: frozenset[str]) -> Iterator[str]:
    """Yields the names of arguments, except those of the lesson's own functions and of NumPy."""
    if any(keyword.arg is None for keyword in call.keywords):
        yield "`**`"
    if not isinstance(call.func, ast.Attribute) or call.func.attr in own:
        return
    root, path = _dotted(call.func)
    if root != "np" and not (root == "lab" and takes_any_name(path[0])):
        yield from (f"{keyword.arg}=" for keyword in call.keywords if keyword.arg)


@cache
def takes_any_name(function: str) -> bool:
    """Returns whether a function of kfunc_lab leaves the names of its arguments to the caller."""
    found = getattr(kfunc_lab, function, None)
    if not inspect.isfunction(found):
        return False
    kinds = [parameter.kind for parameter in inspect.signature(found).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds


@cache
def is_keras_word(text: str) -> bool:
    """Returns whether Keras takes a string for an activation, a loss, an optimizer or the like."""
    import keras

    if not re.fullmatch(r"[A-Za-z_]{3,}", text):
        return False
    if text in ("accuracy", "acc", "same", "valid", "causal", "auto"):
        return True
    for module in (keras.activations, keras.losses, keras.optimizers, keras.initializers):
        try:
            module.get(text)
        except (ValueError, TypeError):
            continue
        return True
    return False


def defined_in(code: str) -> set[str]:
    """Returns the names that code defines: functions, classes, variables, attributes."""
    try:
        tree = ast.parse(re.sub(r"(?m)^\s*%.*$", "", code))
    except SyntaxError:
        return set()
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


# ---------------------------------------------------------------------------------------------
# Names and words in prose


def names_in_prose(text: str, own: frozenset[str]) -> Iterator[str]:
    """Yields the names in the code of a text, and the layers that are named without backticks."""
    for block in BLOCK.findall(text):
        yield from names_in_code(block, own)
    plain = BLOCK.sub("", text)
    for code in INLINE.findall(plain):
        yield from names_in_code(code.replace("…", "...").strip(), own)
        if is_layer(code) or is_keras_word(code):
            yield code
    for word in LETTERED_LAYER.findall(without_code(text)):
        if is_layer(word):
            yield word


@cache
def is_layer(name: str) -> bool:
    """Returns whether Keras has a layer with this name."""
    from keras import layers

    kind: Any = getattr(layers, name, None) if name.isidentifier() else None
    return isinstance(kind, type) and issubclass(kind, layers.Layer)


def words_in_prose(text: str, words: frozenset[str]) -> Iterator[str]:
    """Yields the words of the field in a text, without those in code and links."""
    plain = without_code(text)
    yield from (word for word in words if says(plain, word))
    for phrase in EMPHASISED.findall(plain):
        yield " ".join(phrase.lower().strip(" .,:;").split())


def without_code(text: str) -> str:
    """Returns a text without its code, and without links, which announce other lessons."""
    return re.sub(r"\[[^\]]*\]\([^)]*\)", " ", INLINE.sub(" ", BLOCK.sub(" ", text)))


def says(text: str, word: str) -> bool:
    """Returns whether a text contains a word or a phrase, also in the plural or emphasised."""
    return bool(_pattern(word).search(text))


@cache
def _pattern(word: str) -> re.Pattern[str]:
    forms = r"[\s*]+".join(
        re.escape(part) + ("(?:e?s)?" if part[-1].isalpha() else "") for part in word.split()
    )
    return re.compile(rf"(?<!\w){forms}(?!\w)", re.IGNORECASE)


def _whole(name: str) -> str:
    """Returns a pattern of a name that is not a part of another one."""
    start, end = (r"\b" if name[at].isalnum() else "" for at in (0, -1))
    return start + re.escape(name) + end


# ---------------------------------------------------------------------------------------------
# Uses and introductions


def displayed(cell: Cell) -> str:
    """Returns the question of a cell that asks for a prediction; else nothing."""
    from kfunc_lab.lessons.predictions import PREDICTIONS

    match = re.fullmatch(r'lab\.predict\("([\w-]+)"\)', cell.text["en"].strip())
    if not cell.is_code or not match or match[1] not in PREDICTIONS:
        return ""
    asked = PREDICTIONS[match[1]]
    return "\n".join([asked.question, *getattr(asked.kind, "options", {}).values()])


def uses(words: frozenset[str] | None = None) -> Iterator[tuple[Cell, str]]:
    """Yields each cell of the course with each term that it uses, in order.

    Args:
        words: The words of the field; by default those of TERMS.toml and GLOSSARY.md.
    """
    known = terms()
    if words is None:
        words = frozenset(known.spanish)
    lesson, own = "", frozenset[str]()
    for cell in cells():
        if cell.lesson != lesson:
            lesson, own = cell.lesson, frozenset()
        if cell.is_code:
            own |= defined_in(cell.text["en"])
            if cell.name in known.shown:
                continue
            code = re.sub(r"(?m)^# (?=lab\.)", "", cell.text["en"])
            found = {*names_in_code(code, own)}
            prose = displayed(cell)
        else:
            found, prose = set(), cell.text["en"]
        found |= {*names_in_prose(prose, own), *words_in_prose(prose, words)}
        for term in sorted(found - known.assumed - known.everyday - known.emphasis):
            yield cell, term


def is_word(term: str, known: Terms) -> bool:
    """Returns whether a term is a word of the field, such as `batch`, and not a name in code."""
    return term in known.spanish


def written(term: str) -> str:
    """Returns the form in which a cell that introduces a name contains it."""
    if term.startswith(("lab.", "ops.")):
        return term
    return re.sub(r"^.*\.(?=\w)|=$|`", "", term)


def introduces(cell: Cell, term: str, known: Terms) -> bool:
    """Returns whether the prose of a cell contains a term in both languages.

    A name stands between backticks or in bold, a construct such as `*` at the start of a piece of
    code. Only classes, such as Conv2D, and the words that
    Keras takes as strings, such as relu, may stand in plain prose.
    """
    if cell.is_code:
        return False
    if is_word(term, known):
        return all(
            says(without_code(cell.text[language]), word)
            for language, word in zip(LANGUAGES, (term, known.spanish[term]), strict=True)
        )
    if term.startswith("`"):
        construct = re.compile(re.escape(term.rstrip("`")) + r"(?![\w*])")
        return all(construct.search(text) for text in cell.text.values())
    is_string = is_keras_word(term)
    name = re.compile(
        rf"(?<!\w)(?<!lab\.){re.escape(written(term))}(?!\w)", re.IGNORECASE if is_string else 0
    )
    plain = is_string or term[0].isupper()
    texts = cell.text.values() if plain else map(code_of, cell.text.values())
    return all(name.search(text) for text in texts)


def code_of(text: str) -> str:
    """Returns only the code in a text, and the words in bold or italics."""
    plain = BLOCK.sub("", text)
    return "\n".join([*BLOCK.findall(text), *INLINE.findall(plain), *MARKED.findall(plain)])


@dataclass(frozen=True)
class Line:
    """A term of the course, its first use, the cell that introduces it, and what is wrong.

    The first use is the first in a cell that is not a title: a title may announce terms.
    """

    term: str
    first: Cell
    introduced: Cell | None
    fault: str


def lines() -> list[Line]:
    """Returns all terms in the order of their first use, with the fault of each, if any."""
    known, all_cells = terms(), cells()
    order = {_key(cell): number for number, cell in enumerate(all_cells)}
    by_key = {_key(cell): cell for cell in all_cells}
    first: dict[str, list[Cell]] = {}
    for cell, term in uses():
        first.setdefault(term, []).append(cell)
    found = []
    for term, used_in in first.items():
        keys = known.cells.get(term, [])
        missing = [key for key in keys if key not in by_key]
        by = [by_key[key] for key in keys if key in by_key]
        plain = [use for use in used_in if use.id != "title"] or used_in
        early = [use for use in plain if not any(_serves(cell, use, order) for cell in by)]
        fault = _fault(term, missing, by, early)
        found.append(Line(term, (early or plain)[0], by[0] if by else None, fault))
    found += [
        Line(term, all_cells[0], by_key.get(keys[0]), "no lesson uses it")
        for term, keys in known.cells.items()
        if term not in first
    ]
    return found


def _key(cell: Cell) -> tuple[str, str]:
    return cell.lesson, cell.id


def _serves(cell: Cell, use: Cell, order: dict[tuple[str, str], int]) -> bool:
    """Returns whether a reader knows a term at its use, if a cell introduces it.

    A reader may have left out an optional cell.
    """
    return order[_key(cell)] <= order[_key(use)] and (use.optional or not cell.optional)


def _fault(term: str, missing: list[tuple[str, str]], by: list[Cell], early: list[Cell]) -> str:
    if missing:
        return "there is no cell {}[{}]".format(*missing[0])
    if not by:
        return "no cell introduces it"
    for cell in by:
        if not introduces(cell, term, terms()):
            return f"{cell.name} does not contain it in both languages"
    if early and all(cell.optional for cell in by):
        return f"only {by[-1].name} introduces it, which is optional"
    return f"used before {by[-1].name}" if early else ""


def candidate(line: Line) -> Cell | None:
    """Returns the cell of prose up to a term's first use that contains it first.

    A title is taken only if no other cell contains the term.
    """
    up_to = cells().index(line.first) + 1
    found = [
        cell
        for cell in cells()[:up_to]
        if introduces(cell, line.term, terms()) and (line.first.optional or not cell.optional)
    ]
    return min(found, key=lambda cell: cell.id == "title", default=None)


def main(arguments: list[str]) -> None:
    """Prints the terms as the module's first lines say."""
    if "--draft" in arguments:
        print_draft([line for line in lines() if line.fault])
        return
    for line in lines():
        if line.fault or not arguments:
            introduced = line.introduced.name if line.introduced else "–"
            row = f"{line.term:32} {line.first.name:28} {introduced:28} {line.fault}"
            print(row.rstrip())


def print_draft(faulty: list[Line]) -> None:
    """Prints lines for TERMS.toml: cells that may introduce terms, and the terms that none does."""
    draft: dict[str, dict[str, list[str]]] = {}
    for line in faulty:
        cell = candidate(line)
        lesson, cell_id = _key(cell) if cell else ("nowhere", "terms")
        draft.setdefault(lesson, {}).setdefault(cell_id, []).append(line.term)
    for lesson, by_cell in sorted(draft.items()):
        print(f"[{lesson}]")
        for cell_id, names in by_cell.items():
            print(f"{cell_id} = {json.dumps(names, ensure_ascii=False)}")
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
