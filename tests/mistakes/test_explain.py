"""Mistakes are drawn under the failing cell, with the tensors that led to them."""

import keras
import pytest
from keras import layers, ops

import kfunc_lab as lab


def caught(make):
    """Return the view of the error that an expression raises."""
    try:
        make()
    except Exception as error:
        return lab.explain(error)
    raise AssertionError("nothing was raised")


def wrong(view):
    return [item for item, mark in view._layouts.annotations.marks.items() if mark == "wrong"]


def test_picture_shows_failing_call_and_its_inputs():
    image = keras.Input((28, 28), name="image")
    hidden = layers.Dense(4, name="hidden")(image)
    view = caught(lambda: layers.Conv2D(8, 3, name="conv")(hidden))
    assert [call.id for call in view.graph.calls] == ["image", "hidden", "conv"]
    assert [(edge.source, edge.target) for edge in view.graph.edges][-1] == ("hidden", "conv")
    assert wrong(view) == [view.selected] == ["conv"]
    assert view.to_text().splitlines()[:6] == [
        "✗ conv (Conv2D), called on (None, 28, 4)",
        "conv (Conv2D) expects at least 4 dimensions, including the batch, got 3: (None, 28, 4).",
        "3 < 4",
        "→ Put `layers.Reshape((28, 4, 1))` before conv (Conv2D), on hidden (Dense).",
        '-     view = caught(lambda: layers.Conv2D(8, 3, name="conv")(hidden))',
        '+     view = caught(lambda: layers.Conv2D(8, 3, name="conv")('
        "layers.Reshape((28, 4, 1))(hidden)))",
    ]
    assert "mark-wrong" in view.to_svg()


def test_every_input_tensor_leads_to_failing_call():
    a, b = keras.Input((2, 3), name="a"), keras.Input((2,), name="b")
    view = caught(lambda: layers.concatenate([a, b]))
    edges = [(edge.source, edge.input) for edge in view.graph.edges]
    assert edges == [("a", 0), ("b", 1)]


def test_failing_call_may_share_name_of_another_call():
    image = keras.Input((28, 28), name="same")
    view = caught(lambda: layers.Conv2D(8, 3, name="same")(image))
    assert wrong(view) == ["same~2"]


def test_failing_call_of_custom_class_is_drawn():
    class Own(layers.Layer):
        def call(self, inputs):
            return layers.Conv2D(2, 3)(inputs) if self.name == "outer" else float(inputs)

    x = keras.Input((8, 8, 1), name="x")
    view = caught(lambda: Own(name="own")(x))
    assert [call.library for call in view.graph.calls] == [True, False]
    assert "family-own mark-wrong" in view.to_svg()


def test_tensor_is_named_after_its_call():
    x = keras.Input((3,), name="x")
    view = caught(lambda: float(layers.Dense(1, name="end")(x)))
    assert view.to_text().startswith("✗ end (KerasTensor)\n")
    assert wrong(view) == ["end"]

    def halve(x):
        while ops.max(x) > 1:
            x = x / 2

    greater = caught(lambda: halve(x))
    [name] = wrong(greater)
    assert name.startswith("greater")
    assert greater.to_text().startswith(f"✗ {name} (KerasTensor)\n")


def test_training_mistake_marks_mismatched_output():
    import numpy as np

    inputs = keras.Input((4,), name="i")
    model = keras.Model(inputs, layers.Dense(2, name="out")(inputs))
    model.compile(loss="mse")
    view = caught(lambda: model.fit(np.zeros((3, 4)), np.zeros((3, 5)), verbose=0))
    assert [call.id for call in view.graph.calls] == ["i", "out"]
    assert wrong(view) == ["out"]


def test_training_mistake_marks_failing_inner_layer():
    import numpy as np

    class Hasty(layers.Layer):
        def call(self, inputs):
            return layers.Dense(2)(inputs)

    inputs = keras.Input((4,), name="i")
    outputs = layers.Dense(3, name="out")(Hasty(name="hasty")(inputs))
    model = keras.Model(inputs, outputs)
    view = caught(lambda: model.predict(np.zeros((3, 4)), verbose=0))
    assert [call.id for call in view.graph.calls] == ["i", "hasty", "out"]
    assert wrong(view) == ["hasty"]


def test_mistake_without_tensors_is_single_box():
    view = caught(lambda: keras.Input(shape=784))
    assert [call.kind for call in view.graph.calls] == ["Input"]
    assert "keras.Input(shape=(784,))" in view.to_text()


def test_hostile_names_are_escaped():
    image = keras.Input((28, 28), name="<script>alert(1)<b>")
    svg = caught(lambda: layers.Conv2D(8, 3, name="</text>&")(image)).to_svg()
    assert "<script>" not in svg
    assert "</text>&" not in svg


def test_explain_without_error_shows_message(monkeypatch):
    monkeypatch.delattr("sys.last_value", raising=False)
    with pytest.raises(ValueError, match="nothing has failed"):
        lab.explain()
    with pytest.raises(ValueError, match="Keras did not raise this ZeroDivisionError"):
        lab.explain(ZeroDivisionError())


def test_explanation_appears_above_traceback_of_failing_cell(new_kernel):
    kernel = new_kernel()
    kernel.run("import keras, kfunc_lab as lab\nfrom keras import layers\nlab.watch();")
    cell = "i = keras.Input((8, 8), name='i')\nx = layers.Conv2D(2, 3, name='c')(i)"
    drawn, error = kernel.run(cell)[-2:]
    assert (error["kind"], error["ename"]) == ("error", "ValueError")
    assert {"image/svg+xml", "text/html"} < set(drawn["data"])
    assert drawn["data"]["text/plain"].startswith("✗ c (Conv2D), called on (None, 8, 8)")
    again = kernel.run("lab.explain()")[-1]["data"]
    assert again["text/plain"] == drawn["data"]["text/plain"]
    timed = kernel.run("%%time\n" + cell)
    assert [it["kind"] for it in timed if it["kind"] != "stream"] == ["display_data", "error"]
    assert kinds(kernel.run("1 / 0")) == ["error"]
    assert kinds(kernel.run("undefined")) == ["error"]
    assert kinds(kernel.run("raise KeyboardInterrupt")) == ["error"]
    kernel.run("lab.watch();")  # earlier errors are not explained again
    assert all("✗" not in it["data"]["text/plain"] for it in kernel.run("lab.watch();"))
    kernel.run("%watch mistakes off")
    assert kinds(kernel.run(cell)) == ["error"]
    kernel.run("%watch mistakes on\nlab.language('es')")
    assert "llamada con (None, 8, 8)" in kernel.run(cell)[0]["data"]["text/plain"]
    wrong_use = kernel.run("%watch sideways")[-1]
    assert "on, off, mistakes on, mistakes off" in wrong_use["text"]


def kinds(outputs):
    return [it["kind"] for it in outputs]


def test_explanation_needs_no_panel(new_kernel):
    kernel = new_kernel()
    kernel.run("import kfunc_lab as lab")
    kernel.run("import keras")
    drawn, error = kernel.run("keras.Input(784)")
    assert "✗ Input" in drawn["data"]["text/plain"]
    assert error["ename"] == "ValueError"
    kernel.run("lab.watch();\nlab.unwatch();")
    assert kinds(kernel.run("keras.Input(784)")) == ["display_data", "error"]
    assert kinds(kernel.run("%tb")) == ["error"]  # the same exception again


def test_shape_rule_explains_unknown_error():
    x = keras.Input((8, 8, 4), name="x")
    mistake = caught(lambda: layers.GroupNormalization(3, name="grouped")(x)).mistake
    assert mistake.rule == "does-not-fit"
    assert mistake.reason == (
        "grouped (GroupNormalization): Its input has 4 channels, which cannot be divided "
        "equally among 3 groups."
    )
    assert mistake.arithmetic == "4 / 3"


def test_only_exceptions_are_explained():
    with pytest.raises(TypeError, match="takes an exception, got str"):
        lab.explain("text")
