"""Where the bundled scripts and style sheets of the views lie.

`make pages` writes them, one of each a view. anywidget reads them, and follows their changes while
`ANYWIDGET_HMR=1`.
"""

from pathlib import Path

BUNDLES = Path(__file__).parent / "bundles"
