"""The bundled pages are those of the sources, and style nothing but their own view."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tinycss2

from kfunc_lab.ui.assets import BUNDLES

ROOT = Path(__file__).parents[2]
STYLES = sorted(BUNDLES.glob("*.css"))


def test_bundles_are_fresh(tmp_path):
    if not (Path(sys.prefix) / "pages").exists() and os.environ.get("CI") != "true":
        pytest.skip("no bundler: `make pages` installs it")
    ran = subprocess.run(
        [sys.executable, ROOT / "tools/pages/bundle.py", tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    made = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text("utf-8") for path in BUNDLES.iterdir()}
    stale = {name for name in made | kept if made.get(name) != kept.get(name)}
    assert not stale, "run `make pages`"


def selectors(nodes, around: str = "") -> Iterator[str]:
    """Yields the selector of each rule as it stands when nothing is nested.

    Args:
        nodes: What stands in a style sheet or a rule.
        around: The selector of the rule around.
    """
    for node in nodes:
        assert node.type != "error", node.message
        if node.type == "at-rule":  # keyframes would hold for the whole page
            assert node.at_keyword in ("media", "container"), f"@{node.at_keyword}"
            yield from selectors(tinycss2.parse_blocks_contents(node.content), around)
        elif node.type == "qualified-rule":
            for own in parts(node.prelude):
                whole = own.replace("&", around) if "&" in own else f"{around} {own}".strip()
                yield whole
                yield from selectors(tinycss2.parse_blocks_contents(node.content), whole)


def parts(prelude) -> Iterator[str]:
    """Yields the selectors of a list; commas in parentheses separate none."""
    selector = []
    for token in [*prelude, None]:
        if token is None or token == ",":
            yield tinycss2.serialize(selector).strip()
            selector = []
        else:
            selector.append(token)


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_styles_hold_only_inside_their_view(path):
    """anywidget leaves them in the page's head, beside those of every other view."""
    root = re.compile(rf"\.kfunc-lab-{path.stem}-view(?![\w-])")
    sheet = tinycss2.parse_stylesheet(path.read_text("utf-8"), True, True)
    found = list(selectors(sheet))
    assert len(found) > 20
    assert not [it for it in found if not root.match(it)]


def test_colours_come_from_the_theme():
    """They stand in kfunc_lab/ui/theme.py, and reach the styles as custom properties."""
    sources = sorted((ROOT / "kfunc_lab").glob("**/page/*.css"))
    assert len(sources) > 5
    assert [it for it in sources if "light-dark(" in it.read_text("utf-8")] == []


def test_selectors_of_nested_rules_are_whole():
    sheet = tinycss2.parse_stylesheet(
        ".view { @media print { .a, .b:is(.c, .d) { color: red; &:hover { top: 0 } } } }"
        " @container (width > 1px) { .e p { color: red } }"
    )
    assert list(selectors(sheet)) == [
        ".view",
        ".view .a",
        ".view .a:hover",
        ".view .b:is(.c, .d)",
        ".view .b:is(.c, .d):hover",
        ".e p",
    ]


@pytest.mark.parametrize("path", sorted(BUNDLES.glob("*.js")), ids=lambda path: path.stem)
def test_scripts_can_stand_in_a_saved_page(path):
    assert not re.search(r"</script|<!--", path.read_text("utf-8"), re.IGNORECASE)


def test_lock_file_names_no_address():
    assert "://" not in (ROOT / "tools/pages/package-lock.json").read_text()
