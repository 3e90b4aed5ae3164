"""The printed parameters and shapes of the lessons, compared with the models of the course."""

import re
from collections import Counter

import pytest
import seed_models

import kfunc_lab as lab

# The lesson and the model that it displays.
SHOWN = [
    ("01_first_model", "mnist_model"),
    ("02_train_and_evaluate", "mnist_model"),
    ("04_one_graph_many_models", "encoder"),
    ("04_one_graph_many_models", "autoencoder"),
    ("05_models_are_layers", "decoder"),
    ("05_models_are_layers", "nested_autoencoder"),
    ("05_models_are_layers", "ensemble"),
    ("06_many_inputs_and_outputs", "tickets"),
    ("07_residual_connections", "toy_resnet"),
    ("08_shared_layers", "shared_embedding"),
    ("11_your_own_layer", "custom_dense"),
]

# The lesson and its printed numbers: parameters, and sometimes a shape.
PRINTED = [
    ("09_look_inside", "22 20,024,384"),
    ("12_which_api", "['2,762', '2,762', '2,762']"),
    ("14_custom_rnn", "(16, 1) 1,281"),
    ("14_custom_rnn", "(16, 8, 1) 2,657"),
]


def texts(notebook):
    return [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]


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
def test_displayed_model_matches_course_model(built, shown_in, name):
    build, parameters = seed_models.FUNCTIONAL_MODELS[name]
    wanted = rows_of(lab.graph(build()).to_text())
    assert wanted
    tables = [
        text
        for text in texts(built(shown_in, "en"))
        if re.match(rf".*calls, {parameters:,} parameters", text)
    ]
    assert any(rows_of(table) == wanted for table in tables), "\n\n".join(tables)


@pytest.mark.parametrize(("shown_in", "figures"), PRINTED, ids=[it[0] for it in PRINTED])
def test_printed_numbers_match_course_models(built, shown_in, figures):
    assert any(figures in text for text in texts(built(shown_in, "en")))


def test_course_models_have_printed_numbers():
    assert seed_models.custom_rnn_in_functional().output_shape == (16, 8, 1)
    assert seed_models.functional_in_custom_rnn().count_params() == 1_281
    for name, parameters in (
        ("functional_mlp", 2_762),
        ("custom_rnn", 2_657),
        ("ensemble", 387),
    ):
        assert seed_models.FUNCTIONAL_MODELS[name][0]().count_params() == parameters
