"""The models of the executed lessons against those of the course: parameters and output shapes."""

import re
from collections import Counter

import pytest
import seed_models

import kfunc_lab as lab

# The lesson, and the model that it shows.
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
    ("10_your_own_layer", "custom_dense"),
    ("11_which_api", "functional_mlp"),
    ("12_custom_rnn", "custom_rnn"),
]


def texts(notebook):
    return [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]


def rows_of(table: str) -> Counter:
    """Counts what each call of a graph's text is, its output shape and its parameters.

    The columns begin where their headings begin; numbers are set to the right below theirs.
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
def test_the_model_has_the_calls_shapes_and_parameters_of_the_course(built, shown_in, name):
    build, parameters = seed_models.FUNCTIONAL_MODELS[name]
    wanted = rows_of(lab.graph(build()).to_text())
    assert wanted
    tables = [
        text
        for text in texts(built(shown_in, "en"))
        if re.match(rf".*calls, {parameters:,} parameters", text)
    ]
    assert any(rows_of(table) == wanted for table in tables), "\n\n".join(tables)


def test_the_photograph_network_is_looked_into_as_it_is(built):
    said = "\n".join(texts(built("09_look_inside", "en")))
    assert "22 20,024,384" in said
