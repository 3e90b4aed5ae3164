"""The base class of the views that are widgets."""

import os
from typing import Any

import anywidget


class View(anywidget.AnyWidget):
    """A widget that is stored in a notebook with its static forms."""

    # ipywidgets 7, which Colab has, would show the widget alone, without its picture and text.
    _ipython_display_: Any = None

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        # anywidget connects each view to its script, whose changes only developers follow. The
        # connection would hold the view, and all that it shows, after it is closed.
        if os.environ.get("ANYWIDGET_HMR") != "1":
            for name in ("_esm", "_css"):
                for parent in type(self).__mro__:
                    changed = getattr(vars(parent).get(name), "changed", None)
                    if changed is not None:
                        changed.disconnect()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if self.comm is None:  # a closed view has only its static forms
            return {}, {}
        return super()._repr_mimebundle_(**options) or ({}, {})
