"""The parameters and shapes of the original guide's models, in the outputs of the lessons."""

import re
from collections import Counter

import pytest
import seed_models

import kfunc_lab as lab
from kfunc_lab.lessons import catalogue

# Each section of the guide: the lesson that teaches it, and the parameters that the guide prints
# there, of whole models and of their layers. What the guide leaves to be counted comes after them.
SECTIONS = [
    ("first_model", [50_240, 4_160, 650, 55_050]),
    ("train_and_evaluate", [55_050]),
    ("save_and_load", []),
    ("one_graph_many_models", [160, 4_640, 9_248, 4_624, 18_672, 145, 28_241]),
    ("models_are_layers", [160, 4_640, 4_624, 145, 9_569, 18_672, 28_241, 129, 387]),
    ("many_inputs_and_outputs", [640_000, 98_816, 12_416, 173, 692, 1_392_097]),
    ("residual_connections", [896, 18_496, 36_928, 16_640, 2_570, 223_242]),
    ("shared_layers", [128_000]),
    ("look_inside", []),
    ("your_own_layer", [50]),
    ("which_api", [2_762]),
    ("custom_rnn", [1_281, 2_657]),
]

# The lesson and the model that it displays, call by call.
SHOWN = [
    ("first_model", "mnist_model"),
    ("train_and_evaluate", "mnist_model"),
    ("one_graph_many_models", "encoder"),
    ("one_graph_many_models", "autoencoder"),
    ("models_are_layers", "decoder"),
    ("models_are_layers", "nested_autoencoder"),
    ("models_are_layers", "ensemble"),
    ("many_inputs_and_outputs", "tickets"),
    ("residual_connections", "toy_resnet"),
    ("shared_layers", "shared_embedding"),
    ("your_own_layer", "custom_dense"),
]

# The lesson and its printed numbers: parameters, and sometimes a shape.
PRINTED = [
    ("look_inside", "22 20,024,384"),
    ("which_api", "['2,762', '2,762', '2,762']"),
    ("custom_rnn", "(16, 1) 1,281"),
    ("custom_rnn", "(16, 8, 1) 2,657"),
]


@pytest.fixture
def texts(built):
    """A function that returns the outputs of a lesson, without its optional cells."""

    def read(slug, language="en"):
        return [
            output.get("text") or output.get("data", {}).get("text/plain", "")
            for cell in built(catalogue.find(slug).name, language).cells
            if "optional" not in cell.metadata.get("tags", [])
            for output in cell.get("outputs", [])
        ]

    return read


def rows_of(table: str) -> Counter:
    """Counts the rows of a graph's text by class, output shape and parameters.

    Columns start at their headings, and numbers are right-aligned.
    """
    _title, head, *lines = table.splitlines()
    starts = [head.index(name) for name in ("class", "output shape", "parameters")]
    end = starts[-1] + len("parameters")
    found = [
        (line[starts[0] : starts[1]], line[starts[1] : end].rsplit(maxsplit=1))
        for line in lines
    ]
    return Counter(
        (kind.strip(), rest[0].strip(), rest[1])
        for kind, rest in found
        if len(rest) == 2 and rest[1].replace(",", "").isdigit()
    )


@pytest.mark.parametrize(("shown_in", "name"), SHOWN, ids=[f"{it[0]}-{it[1]}" for it in SHOWN])
def test_displayed_model_matches_course_model(texts, shown_in, name):
    build, parameters = seed_models.FUNCTIONAL_MODELS[name]
    wanted = rows_of(lab.graph(build()).to_text())
    assert wanted
    tables = [
        text
        for text in texts(shown_in)
        if re.match(rf".*calls, {parameters:,} parameters", text)
    ]
    assert any(rows_of(table) == wanted for table in tables), "\n\n".join(tables)


@pytest.mark.parametrize(("shown_in", "figures"), PRINTED, ids=[it[0] for it in PRINTED])
def test_printed_numbers_match_course_models(texts, shown_in, figures):
    assert any(figures in text for text in texts(shown_in))


@pytest.mark.parametrize(("slug", "figures"), SECTIONS, ids=[it[0] for it in SECTIONS])
@pytest.mark.parametrize("shown_in", ["en", "es"])
def test_lesson_shows_the_figures_of_its_section(texts, slug, figures, shown_in):
    said = "\n".join(texts(slug, shown_in))
    assert said
    missing = [n for n in figures if not re.search(rf"(?<![\d,.]){n:,}(?![\d,])", said)]
    assert missing == []


def test_figures_are_those_of_course_models():
    """Each figure is the size of a model of the course, or of one of its layers."""
    sizes = {1_281}
    for build, parameters in seed_models.FUNCTIONAL_MODELS.values():
        model = build()
        sizes |= {parameters, model.count_params(), *(it.count_params() for it in model.layers)}
    assert {n for _slug, figures in SECTIONS for n in figures} <= sizes


def test_course_models_have_printed_numbers():
    assert seed_models.custom_rnn_in_functional().output_shape == (16, 8, 1)
    assert seed_models.functional_in_custom_rnn().count_params() == 1_281
    for name, parameters in (
        ("functional_mlp", 2_762),
        ("custom_rnn", 2_657),
        ("ensemble", 387),
    ):
        assert seed_models.FUNCTIONAL_MODELS[name][0]().count_params() == parameters
