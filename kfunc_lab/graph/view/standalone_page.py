"""Writes a view as one HTML page that works without a kernel or network."""

import html
import json
from typing import TYPE_CHECKING

from kfunc_lab.ui.assets import BUNDLES

if TYPE_CHECKING:
    from kfunc_lab.graph.view.graph_view import GraphView

# The page may only run the code inside it, and it loads nothing.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"

_PAGE_STYLE = """
body { margin: 0; padding: 12px; color-scheme: light dark; background: Canvas; }
.kfunc-lab-graph .kfunc-lab-body { max-height: calc(100vh - 150px); }
"""


def to_html(view: "GraphView") -> str:
    """Writes a view as one HTML page.

    Args:
        view: The view.

    Returns:
        A page that pans, zooms, folds, searches, selects and shows details.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    # The data cannot end its element, because "<" is escaped.
    state = json.dumps(view.page_state()).replace("<", "\\u003c")
    start = (BUNDLES / "standalone.js").read_text("utf-8")
    return "\n".join(
        (
            "<!doctype html>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(view._title)}</title>",
            f"<style>{view._css}{_PAGE_STYLE}</style>",
            '<main id="view"></main>',
            f'<script type="application/json" id="state">{state}</script>',
            f'<script type="module">{start}</script>',
            f'<script type="module">{view._esm}</script>',
        )
    )
