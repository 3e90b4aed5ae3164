"""A view that is a widget is stored with its static forms."""

import keras
import pytest
from IPython.core.interactiveshell import InteractiveShell

import kfunc_lab as lab

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def view():
    inputs = keras.Input((4,), name="x")
    return lab.graph(keras.Model(inputs, keras.layers.Dense(2)(inputs)))


@pytest.fixture
def shown():
    """Returns what a notebook stores of a view."""
    formatter = InteractiveShell.instance().display_formatter
    yield lambda view: formatter.format(view)[0]
    InteractiveShell.clear_instance()


def test_open_view_has_widget_picture_and_text(view, shown):
    data = shown(view)
    assert {WIDGET, "image/svg+xml", "text/plain"} <= set(data)


def test_closed_view_is_shown_without_widget(view, shown):
    view.close()
    data = shown(view)
    assert data["text/plain"] == view.to_text()
    assert WIDGET not in data
