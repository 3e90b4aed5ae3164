"""The base class of the views that are widgets."""

from typing import Any

import anywidget


class View(anywidget.AnyWidget):
    """A widget that is stored in a notebook with its static forms."""

    # ipywidgets 7, which Colab has, would show the widget alone, without its picture and text.
    _ipython_display_: Any = None

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if self.comm is None:  # a closed view has only its static forms
            return {}, {}
        return super()._repr_mimebundle_(**options) or ({}, {})
