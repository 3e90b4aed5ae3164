"""Merges of notebooks: the learner's cells stay, and other cells follow the original."""

import json
from copy import deepcopy

import nbformat
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from kfunc_lab.lessons.merging import MergeError, merge, read, write

drawn = examples(150)


def code(name, source, *printed, **more):
    """Builds a code cell with printed lines."""
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "execution_count": 1,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": t} for t in printed],
        **more,
    }


def text(name, source, **more):
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source, **more}


def notebook(*cells, minor=5, **metadata):
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": list(cells)}


def cells(result):
    """Returns the merged cells by id, in order."""
    return {cell["id"]: cell for cell in result.notebook["cells"]}


BASE = notebook(text("a", "A"), code("b", "b = 1", "1"), code("c", "c = 1", "1"))


# Cells of the original


def test_unexecuted_cell_gets_new_source_and_outputs():
    ours = notebook(text("a", "A, revised"), code("b", "b = 2", "2"), code("c", "c = 1", "new"))
    result = merge(BASE, deepcopy(BASE), ours)
    assert result.notebook == ours
    assert (result.kept, result.conflicting) == ((), ())


def test_executed_cell_keeps_outputs_of_equal_code():
    theirs = notebook(
        text("a", "A"),
        code("b", "b = 1", "mine", execution_count=7),
        code("c", "c = 1", "mine", execution_count=8),
    )
    ours = notebook(text("a", "A"), code("b", "b = 2", "2"), code("c", "c = 1", "new"))
    result = merge(BASE, theirs, ours)
    assert cells(result)["b"] == code("b", "b = 2", execution_count=None)
    assert cells(result)["c"] == code("c", "c = 1", "mine", execution_count=8)
    assert result.kept == ()


def test_executed_cell_can_become_text():
    theirs = notebook(code("b", "b = 1", "mine", execution_count=7))
    result = merge(BASE, theirs, notebook(text("b", "B")))
    assert cells(result) == {"b": text("b", "B")}


def test_source_may_be_list_or_string():
    theirs = notebook(text("a", ["one\n", "two"]))
    result = merge(notebook(text("a", "one\ntwo")), theirs, notebook(text("a", "three")))
    assert cells(result) == {"a": text("a", "three")}


def test_removed_cell_stays_only_if_changed():
    theirs = notebook(text("a", "A"), code("b", "b = my", "my"), code("c", "c = 1", "ran"))
    result = merge(BASE, theirs, notebook(text("a", "A")))
    assert cells(result) == {"a": text("a", "A"), "b": code("b", "b = my", "my")}
    assert (result.kept, result.conflicting) == (("b",), ())


def test_cell_metadata_keeps_learner_settings():
    def tagged(**metadata):
        return notebook(code("b", "b = 1", metadata=metadata))

    base = tagged(tags=["old"], folded=False, gone=1)
    theirs = tagged(tags=["old"], folded=True, gone=1, width=80)
    result = merge(base, theirs, tagged(tags=["new"], folded=None))
    assert cells(result)["b"]["metadata"] == {"tags": ["new"], "folded": True, "width": 80}


# Cells of the learner


def test_changed_cell_keeps_source_and_outputs():
    mine = code("b", "b = my", "my", execution_count=9, metadata={"folded": True})
    ours = notebook(text("a", "A, revised"), code("b", "b = 2", "2"), code("c", "c = 1", "1"))
    result = merge(BASE, notebook(text("a", "A"), mine, code("c", "c = 1", "1")), ours)
    assert cells(result)["b"] == mine
    assert cells(result)["a"]["source"] == "A, revised"
    assert (result.kept, result.conflicting) == (("b",), ("b",))


@pytest.mark.parametrize(
    "mine",
    [
        text("a", "A", attachments={"cat.png": {"image/png": "iVBORw0KGgo="}}),
        {"cell_type": "raw", "id": "a", "metadata": {}, "source": "A"},
    ],
    ids=["an attachment", "another type"],
)
def test_attachment_and_type_are_changes(mine):
    result = merge(BASE, notebook(mine), notebook(text("a", "A, revised")))
    assert cells(result) == {"a": mine}
    assert result.conflicting == ("a",)


def test_equal_change_on_both_sides_is_not_kept():
    theirs = notebook(text("a", "A, revised"))
    result = merge(BASE, theirs, notebook(text("a", "A, revised")))
    assert (result.kept, result.conflicting) == ((), ())


def test_deleted_cell_stays_deleted():
    theirs = notebook(text("a", "A"), code("c", "c = 1", "1"))
    ours = notebook(text("a", "A"), code("b", "b = 2", "2"), code("c", "c = 2", "2"))
    assert list(cells(merge(BASE, theirs, ours))) == ["a", "c"]


def test_learner_metadata_stays_except_our_entry():
    base = notebook(kfunc_lab={"source_sha256": "1"}, kernelspec={"name": "python3"})
    theirs = notebook(kfunc_lab={"source_sha256": "1"}, kernelspec={"name": "mine"}, widgets={})
    ours = notebook(kfunc_lab={"source_sha256": "2"}, kernelspec={"name": "python4"})
    assert merge(base, theirs, ours).notebook["metadata"] == {
        "kfunc_lab": {"source_sha256": "2"},
        "kernelspec": {"name": "mine"},
        "widgets": {},
    }


# Order


def letters(order):
    """Builds a notebook with cells named by letters; capitals have a different source."""
    return notebook(*(text(letter.lower(), letter) for letter in order))


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "merged"),
    [
        ("abc", "axbc", "abnc", "axbnc"),  # both added a cell
        (
            "abc",
            "abxc",
            "abnc",
            "abxnc",
        ),  # at one place: the learner's cell keeps its neighbour
        ("abc", "xabc", "nabc", "xnabc"),  # at the start
        ("abc", "abcx", "abcn", "abcxn"),  # at the end
        ("abc", "abc", "anmbc", "anmbc"),  # several new cells keep their order
        ("abc", "ac", "abnc", "anc"),  # after a cell that the learner deleted
        ("abc", "abxc", "anc", "axnc"),  # after a cell that the original removed
        ("abc", "aBxc", "ac", "aBxc"),  # unless the learner changed it
        ("abc", "abxc", "cab", "cabx"),  # the original was reordered
        ("abc", "cxab", "abnc", "cxabn"),  # the learner reordered cells
        ("abc", "cab", "bac", "cab"),  # both did: the learner's order stays
        ("abc", "", "abnc", "n"),
        ("abc", "axc", "", "x"),
    ],
)
def test_merged_cells_are_in_order(base, theirs, ours, merged):
    result = merge(letters(base), letters(theirs), letters(ours)).notebook
    assert "".join(cell["source"] for cell in result["cells"]) == merged


# What cannot be merged


@pytest.mark.parametrize(
    "content",
    [
        *[b"", b"{", b"[]", b"null", b"my answer", b"\xff\x00", b"[" * 100_000],
        json.dumps({"nbformat": 3, "worksheets": []}).encode(),
        json.dumps({**BASE, "cells": {}}).encode(),
        json.dumps({**BASE, "metadata": None}).encode(),
        *[
            json.dumps(notebook(cell)).encode()
            for cell in (None, {}, text("a", None), text("a", [1]), text("a", "", metadata=1))
        ],
    ],
)
def test_invalid_notebook_raises(content):
    with pytest.raises(MergeError, match="it is not a notebook in nbformat 4"):
        read(content)


@pytest.mark.parametrize(
    "old",
    [
        notebook(text("a", ""), minor=4),
        notebook({"cell_type": "raw", "metadata": {}, "source": ""}),
        notebook(text("a", ""), text("a", "")),
        *[notebook(text(name, "")) for name in ("", "a b", "\x1b[2J", "a" * 65, None, 7)],
    ],
)
def test_cells_without_unique_ids_raise(old):
    with pytest.raises(MergeError, match="do not have unique ids"):
        read(json.dumps(old).encode())


def test_file_has_format_of_jupyterlab():
    parsed = nbformat.from_dict({**BASE, "cells": [text("a", ["¡Adiós!\n", "→"])]})
    assert read(write(dict(parsed))) == parsed
    assert write(dict(parsed)) == f"{nbformat.writes(parsed)}\n".encode()


def test_half_surrogate_pair_survives():
    content = json.dumps(notebook(text("a", "half: \ud83d, whole: 😀"))).encode()
    assert read(write(read(content))) == read(content)
    assert "😀" in write(read(content)).decode()


# Random edits on both sides

kinds = st.sampled_from(["code", "markdown"])


@st.composite
def sides(draw):
    """Draws a base notebook and two edited notebooks."""
    numbers = range(draw(st.integers(0, 7)))
    base = [draw(cell(f"c{number}", "first")) for number in numbers]
    return (
        notebook(*base, kfunc_lab={"edition": 1}),
        notebook(*draw(edited(base, "mine")), kfunc_lab={"edition": 1}, mine=True),
        notebook(*draw(edited(base, "new")), kfunc_lab={"edition": 2}),
    )


@st.composite
def cell(draw, name, source):
    make = code if draw(kinds) == "code" else text
    return make(name, source if draw(st.booleans()) else [f"{source}\n", "more"])


@st.composite
def edited(draw, base, by):
    """Draws edits of cells: change, run, fold, delete, move and add."""
    after = []
    for old in base:
        edit = draw(st.sampled_from(["none", "none", "change", "run", "fold", "delete"]))
        new = deepcopy(old)
        if edit == "change":
            new = draw(cell(old["id"], f"{by}, changed"))
        elif edit == "run" and new["cell_type"] == "code":
            new |= code("", "", f"{by} ran") | {"id": new["id"], "source": new["source"]}
        elif edit == "fold":
            new["metadata"] = {"folded": by}
        after += [new] if edit != "delete" else []
    if draw(st.booleans()):
        after = draw(st.permutations(after))
    for number in range(draw(st.integers(0, 4))):
        after.insert(
            draw(st.integers(0, len(after))), draw(cell(f"{by}{number}", f"{by}, added"))
        )
    return after


def content(some):
    return some["cell_type"], "".join(some["source"])


def of(book):
    return {cell["id"]: cell for cell in book["cells"]}


def in_order(names, order):
    return [name for name in order if name in names]


@drawn
@given(sides())
def test_every_cell_comes_from_learner_or_original(three):
    before = deepcopy(three)
    base, theirs, ours = map(of, three)
    result = merge(*three)
    merged = cells(result)
    assert three == before
    nbformat.validate(result.notebook)
    assert len(merged) == len(result.notebook["cells"])

    mine = {
        name
        for name, cell in theirs.items()
        if name not in base or content(cell) != content(base[name])
    }
    for name in mine:
        assert merged[name] == theirs[name]
    assert set(result.kept) == {
        name
        for name in mine
        if name not in ours or content(ours[name]) != content(theirs[name])
    }
    assert set(merged) == mine | {n for n in ours if n in theirs or n not in base}
    for name in merged.keys() - mine:
        assert content(merged[name]) == content(ours[name])
        shown = merged[name].get("outputs") or None
        sources = [side[name].get("outputs") for side in (theirs, ours) if name in side]
        assert shown is None or shown in sources
        if name in theirs and content(ours[name]) != content(base[name]):
            assert shown is None or shown == ours[name]["outputs"]
    assert result.notebook["metadata"] == {"kfunc_lab": {"edition": 2}, "mine": True}


@drawn
@given(sides())
def test_every_cell_keeps_its_neighbour(three):
    base, theirs, ours = map(of, three)
    order = list(cells(merge(*three)))
    known = [name for name in theirs if name in base and name in order]
    moved = known != in_order(known, base)
    assert in_order(ours, order) == in_order(order, ours) or moved
    if moved or in_order(base, ours) == in_order(ours, base):
        assert in_order(theirs, order) == in_order(order, theirs)

    def previous(name, side):
        """Returns the nearest remaining cell before a cell on one side."""
        before = list(side)[: list(side).index(name)]
        return next((other for other in reversed(before) if other in order), None)

    for name in order:
        place = order.index(name)
        if name not in ours:
            assert previous(name, theirs) == (order[place - 1] if place else None)
        elif name not in theirs:
            here = [other for other in order[:place] if other in ours]
            assert previous(name, ours) == (here[-1] if here else None)


@drawn
@given(sides())
def test_repeated_merge_changes_nothing(three):
    base, _theirs, ours = three
    merged = merge(*three).notebook
    again = merge(ours, merged, ours)
    assert (again.notebook, again.conflicting) == (merged, ())
    assert merge(base, merged, ours).notebook == merged
    assert read(write(merged)) == merged


@drawn
@given(sides())
def test_unchanged_notebook_becomes_original(three):
    base, _theirs, ours = three
    assert merge(base, deepcopy(base), ours).notebook == ours
