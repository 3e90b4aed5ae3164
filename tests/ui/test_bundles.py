"""The bundled pages are up to date, and their styles affect only their own view."""

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


def test_bundles_are_up_to_date(tmp_path):
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
    """Yields the full selector of each rule, without nesting.

    Args:
        nodes: The nodes of a style sheet or a rule.
        around: The selector of the enclosing rule.
    """
    for node in nodes:
        assert node.type != "error", node.message
        if node.type == "at-rule":  # keyframes would affect the whole page
            assert node.at_keyword in ("media", "container"), f"@{node.at_keyword}"
            yield from selectors(tinycss2.parse_blocks_contents(node.content), around)
        elif node.type == "qualified-rule":
            for own in parts(node.prelude):
                whole = own.replace("&", around) if "&" in own else f"{around} {own}".strip()
                yield whole
                yield from selectors(tinycss2.parse_blocks_contents(node.content), whole)


def parts(prelude) -> Iterator[str]:
    """Yields the selectors of a list, which are separated by commas outside parentheses."""
    selector = []
    for token in [*prelude, None]:
        if token is None or token == ",":
            yield tinycss2.serialize(selector).strip()
            selector = []
        else:
            selector.append(token)


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_styles_affect_only_their_view(path):
    """anywidget puts the styles of all views into the head of the page."""
    root = re.compile(rf"\.kfunc-lab-{path.stem}-view(?![\w-])")
    sheet = tinycss2.parse_stylesheet(path.read_text("utf-8"), True, True)
    found = list(selectors(sheet))
    assert len(found) > 20
    # A view may style what follows it in its cell.
    around = re.compile(rf"\.jp-OutputArea-child:has\(.*{root.pattern}|.* {root.pattern}", re.S)
    beside = [it for it in found if it.startswith(".jp-OutputArea-child:has(")]
    assert not [it for it in beside if not around.match(it)]
    assert not [it for it in found if not root.match(it) and it not in beside]


def test_colours_come_from_the_theme():
    """Styles use the custom properties of kfunc_lab/ui/theme.py."""
    sources = sorted((ROOT / "kfunc_lab").glob("**/page/*.css"))
    assert len(sources) > 5
    assert [it for it in sources if "light-dark(" in it.read_text("utf-8")] == []


def test_nested_rules_give_full_selectors():
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
def test_scripts_are_safe_in_saved_page(path):
    assert not re.search(r"</script|<!--", path.read_text("utf-8"), re.IGNORECASE)


def test_lock_file_contains_no_url():
    assert "://" not in (ROOT / "tools/pages/package-lock.json").read_text()
