"""The folder of the bundled scripts and style sheets, one of each for every view.

`make pages` writes them. anywidget loads them, and reloads them on changes if `ANYWIDGET_HMR=1`.
"""

from pathlib import Path

BUNDLES = Path(__file__).parent / "bundles"
