"""A view that is a widget is stored with its static forms."""

import keras
import pytest

import kfunc_lab as lab

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def view():
    inputs = keras.Input((4,), name="x")
    return lab.graph(keras.Model(inputs, keras.layers.Dense(2)(inputs)))


def test_open_view_has_widget_picture_and_text(view):
    data, _metadata = view._repr_mimebundle_()
    assert {WIDGET, "image/svg+xml", "text/plain"} <= set(data)


def test_closed_view_has_picture_and_text_only(view):
    view.close()
    data, _metadata = view._repr_mimebundle_()
    assert set(data) == {"image/svg+xml", "text/plain"}
