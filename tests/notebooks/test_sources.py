"""The built notebooks, compared with their sources and between languages."""

import ast
import json
import re

import nbformat
import pytest
import spanish_words


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def facts(cell):
    return cell.id, cell.cell_type, cell.source, cell.metadata.get("tags", [])


def test_notebook_is_up_to_date(builder, source, lesson, language):
    assert builder.is_current(source(lesson), builder.built(source(lesson), language)), (
        "the source changed after the notebook was built: make lessons"
    )


def test_cells_match_source(builder, built, source, lesson, language):
    selected = builder.select(source(lesson), language)
    notebook = built(lesson, language)
    assert [facts(cell) for cell in notebook.cells] == [facts(cell) for cell in selected.cells]


def test_languages_differ_only_in_prose(built, lesson):
    english, spanish = built(lesson, "en"), built(lesson, "es")
    assert [(cell.id, cell.cell_type) for cell in english.cells] == [
        (cell.id, cell.cell_type) for cell in spanish.cells
    ]
    for one, other in zip(english.cells, spanish.cells, strict=True):
        if one.cell_type == "code":
            assert one.source.replace('language = "en"', 'language = "es"') == other.source
        else:
            assert one.source != other.source


def test_code_has_no_prose_comments(built, lesson):
    """Comments would be in one language only, so only commented-out code is allowed."""
    for cell in code(built(lesson, "en")):
        for comment in re.findall(r"(?m)^\s*# ?(.*)$", cell.source):
            ast.parse(comment)


def test_outputs_contain_no_run_or_machine_data(built, lesson, language):
    notebook = built(lesson, language)
    assert set(notebook.metadata) == {"kernelspec", "language_info", "kfunc_lab"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
    said = json.dumps([cell.outputs for cell in code(notebook)])
    assert "widget-view" not in said
    assert '"stderr"' not in said
    assert not re.search(r"0x[0-9a-f]{6,}|/home/|/root/|/Users/|/tmp/|C:\\\\", said)
    assert not re.search(r"\d\s?m?s/step|\b\d\d:\d\d:\d\d\b", said)


def test_most_printed_outputs_are_compared(built, lesson):
    printing = [cell for cell in code(built(lesson, "en")) if cell.outputs]
    compared = [
        cell
        for cell in printing
        if not {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", []))
    ]
    # A single lesson may exclude two cells; the next test has the rule for the course.
    assert len(printing) - len(compared) <= 2


def test_nine_in_ten_outputs_of_course_are_compared(builder, built):
    lessons = [path.stem for path in builder.sources()]
    cells = [cell for lesson in lessons for cell in code(built(lesson, "en")) if cell.outputs]
    ignored = [cell for cell in cells if "nbval-ignore-output" in cell.metadata.get("tags", [])]
    assert len(ignored) <= 0.1 * len(cells), [cell.id for cell in ignored]


def test_lesson_has_parameters_exercise_and_shutdown(built, lesson):
    notebook = built(lesson, "en")
    tagged = [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert 'language = "en"' in tagged[0].source
    sources = "\n".join(cell.source for cell in notebook.cells)
    for name in ("lab.check(", "lab.hint(", "lab.solution(", "Shut Down Kernel"):
        assert name in sources


def test_links_have_targets(builder, built, source, lesson, language):
    folder = builder.built(source(lesson), language).parent
    for cell in built(lesson, language).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
                assert (folder / target).exists(), target


def test_notebook_is_valid(built, lesson, language):
    nbformat.validate(built(lesson, language))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ('# %% [markdown] tags=["en"]\n# Hello', "has no id"),
        ('# %% [markdown] id="a"\n# Hello', "needs the tag"),
        ('# %% [markdown] id="a" tags=["en"]\n# Hello', "without a twin"),
        (
            '# %% [markdown] id="a" tags=["en"]\n# Hello\n\n# %% id="b"\n1\n\n'
            '# %% [markdown] id="a" tags=["es"]\n# Hola',
            "without a twin in their place",
        ),
        ('# %% id="b"\n1\n\n# %% id="b"\n2', "used twice"),
    ],
)
def test_invalid_source_raises(builder, tmp_path, cells, reason):
    path = tmp_path / "09_broken.py"
    path.write_text(cells + "\n")
    with pytest.raises(builder.SourceError, match=reason):
        builder.select(path, "en")


def test_changed_source_makes_notebook_outdated(builder, tmp_path, source, lesson):
    changed = tmp_path / f"{lesson}.py"
    changed.write_text(source(lesson).read_text() + "\n# %% [markdown]\n# more\n")
    assert not builder.is_current(changed, builder.built(source(lesson), "en"))


def test_spanish_lessons_follow_glossary(builder, source, lesson):
    assert len(spanish_words.words_to_avoid()) > 50
    for cell in builder.select(source(lesson), "es").cells:
        if cell.cell_type == "markdown":
            assert not spanish_words.found_in(spanish_words.prose_of(cell.source)), cell.id


def test_pictures_in_prose_have_alternative_text(built, lesson, language):
    for cell in built(lesson, language).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"!\[\s*\]|<img(?![^>]*\balt=\"[^\"]+\")", cell.source)
