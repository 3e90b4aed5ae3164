"""Every view of models as people bring them says what is right."""

import xml.etree.ElementTree as ET

import brought_oddities  # noqa: F401  # adds models
import brought_pieces  # noqa: F401
import keras
import numpy as np
import pytest
from brought_models import MODELS
from rebuilding import assert_equal, inputs_of, rebuilt

import kfunc_lab as lab
from kfunc_lab.forward.batch import run
from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.model.graph_file import from_json, to_json
from kfunc_lab.graph.view.details import details
from kfunc_lab.shapes.what_if import what_if

if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 10):
    del MODELS["function_over_rows"]  # it needs values there
    del MODELS["joined_masks"]  # its mask cannot be computed there
    del MODELS["argument_that_only_has_a_place"]  # it is recorded under no name there
if keras.backend.backend() != "tensorflow":  # no other backend has strings
    for name in ("scalar_features", "adapted_preprocessing", "text_and_crosses"):
        del MODELS[name]
BUILT = [name for name, it in MODELS.items() if it.built]
UNBUILT = [name for name, it in MODELS.items() if not it.built]


@pytest.mark.parametrize("name", BUILT)
def test_graph_says_what_keras_knows(name):
    told, model = MODELS[name], MODELS[name].build()
    graph = lab.read_graph(model)
    assert [graph.exit_tensor(at).shape for at in range(len(graph.exits))] == told.outputs
    assert [it.dtype for it in map(graph.exit_tensor, range(len(graph.exits)))] == [
        it.dtype for it in keras.tree.flatten(model.outputs)
    ]
    assert graph.output_names == (told.names or ("",) * len(told.outputs))
    assert graph.parameters == told.parameters == model.count_params()
    assert graph.built
    assert from_json(to_json(graph)) == graph


@pytest.mark.parametrize("name", MODELS)
def test_forms_are_drawn(name):
    told, model = MODELS[name], MODELS[name].build()
    view = lab.graph(model, fold=False)
    if told.built:
        assert view.to_svg().count('class="output') == len(told.outputs)
    ET.fromstring(view.to_svg())
    assert view.to_text() == lab.graph(model, fold=False).to_text()
    assert all(details(view.graph, call) for call in view.graph.calls)
    assert all((view.to_mermaid(), view.to_dot(), view.to_html()))
    assert from_json(view.to_json()) == view.graph


@pytest.mark.parametrize("name", BUILT)
def test_code_builds_an_equal_model(name):
    told, model = MODELS[name], MODELS[name].build()
    if told.missing:
        code = lab.graph(model).to_code()
        assert any(told.missing in it for it in code.splitlines() if it.startswith("#"))
        with pytest.raises((NameError, NotImplementedError), match=told.missing):
            exec(code, {})
        return
    again = rebuilt(model)
    assert_equal(model, again, values=told.x is None)
    if not lab.read_graph(model).lost:
        assert lab.compare(model, again).to_text().endswith("no difference")


@pytest.mark.parametrize("name", MODELS)
def test_model_does_not_differ_from_itself(name):
    build = MODELS[name].build
    model = build()
    assert lab.compare(model, model).to_text().endswith("no difference")


@pytest.mark.parametrize("name", MODELS)
def test_shapes_are_those_of_keras(name):
    told, model = MODELS[name], MODELS[name].build()
    reading = read(model)
    found = what_if(reading.graph, None, reading.nodes)
    assert not found.problems
    assert found.graph == reading.graph
    text = lab.shapes(model).to_text()
    assert "not fit" not in text
    assert told.built or "not built" in text
    if told.change:
        call, settings, parameters, outputs = told.change
        view = lab.shapes(model)
        view.change(call, **settings)
        changed = view.changed
        assert [changed.exit_tensor(at).shape for at in range(len(outputs))] == outputs
        assert changed.parameters == parameters


@pytest.mark.parametrize("name", BUILT)
def test_activations_are_those_of_the_model(name):
    told, model = MODELS[name], MODELS[name].build()
    x = told.x() if told.x else inputs_of(model)
    recurrent = [it for it in model._flatten_layers() if getattr(it, "states", None)]
    states = keras.tree.flatten([it.states for it in recurrent])
    state = [(it, np.array(it)) for it in (*model.variables, *states)]
    for training in (False, True):
        expected = keras.tree.flatten(model(x, training=training))
        for variable, value in state:
            variable.assign(value)
        batch = run(model, x, training=training, layers=None, dtype=None, limit=10**9)
        found = keras.tree.flatten(batch.recording.outputs)
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))
        for variable, value in state:
            np.testing.assert_array_equal(np.array(variable), value)
    assert lab.activations(model, x).to_text()
    assert functional_of(model) is not None


@pytest.mark.parametrize("name", MODELS)
def test_lint_says_what_is_true(name):
    told, model = MODELS[name], MODELS[name].build()
    found = lab.lint(model)
    if told.lint is not None:
        assert sorted({it.code for it in found}) == sorted(told.lint)


MASKED = (
    "mask_and_change", "language_model_with_logits", "mask_that_a_layer_changes",
    "joined_masks", "masks_of_attention", "spectral_and_cells",
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in MASKED if name in MODELS])
def test_masks_of_a_loaded_model_are_those_of_the_model(name):
    model = MODELS[name].build()
    own = {type(it).__name__: type(it) for it in model.layers if "keras" not in str(type(it))}
    again = keras.Model.from_config(model.get_config(), own)
    graph = lab.read_graph(again)
    assert [call.kind for call in graph.calls] == [
        it.kind for it in lab.read_graph(model).calls
    ]
    assert lab.compare(model, again).to_text().endswith("no difference")
    code = lab.graph(again).to_code()
    assert "not_equal" not in code
    assert "slice(" not in code
    assert lab.compare(again, rebuilt(again)).to_text().endswith("no difference")
    view = lab.shapes(again)
    for call in graph.inputs:
        view.change(call, shape=[size + 1 for size in graph.call_of[call].outputs[0].shape[1:]])
    given = keras.tree.pack_sequence_as(again.input, keras.tree.flatten(inputs_of(model)))
    assert set(lab.activations(again, given).values) >= {call.id for call in graph.calls}
