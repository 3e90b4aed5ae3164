"""The explanation of a mistake as HTML without scripts, for pages without a kernel."""

import base64
import html
from collections.abc import Iterator

from kfunc_lab.locale import _
from kfunc_lab.mistakes.forms.explanation import Block, Explanation
from kfunc_lab.ui.theme import (
    BORDER,
    PANEL,
    QUIET,
    RIGHT,
    RIGHT_SURFACE,
    SURFACE,
    TEXT,
    WRONG,
    WRONG_SURFACE,
    follow_theme,
    light_dark,
)
from kfunc_lab.ui.words import code_html

_NAME = "kfunc-lab-mistake-html"
_STDERR = ("stderr", "error")  # how pages mark a traceback


def page_words() -> dict[str, str]:
    """Returns the texts of the page of a mistake, in the current language."""
    return {
        "own_words": _("Keras's own message"),
        "copy_cell": _("Copy the mended cell"),
        "copy_file": _("Copy the mended file"),
        "copied": _("Copied"),
        "not_copied": _("The browser does not allow copying"),
    }


def mistake_html(explanation: Explanation, call: str, picture: str) -> str:
    """Writes the explanation of a mistake as HTML.

    Args:
        explanation: What is said.
        call: The failing call, in words.
        picture: The picture of the graph as SVG; empty if there is none.

    Returns:
        An element that stands above the traceback. In JupyterLab and in a page that nbconvert has
        written, the traceback is folded until the reader opens Keras's own message.
    """
    return "".join(
        (
            f'<div class="{_NAME}"><style>{_style()}</style>',
            *_words(explanation),
            _picture(picture, call),
            f"<details><summary>{html.escape(page_words()['own_words'])} ",
            f"<span>{html.escape(explanation.kind)}</span></summary>",
            f"<pre>{html.escape(explanation.message)}</pre></details></div>",
        )
    )


def _words(explanation: Explanation) -> Iterator[str]:
    yield f"<p><strong>{code_html(explanation.reason)}</strong></p>"
    if explanation.arithmetic:
        yield f'<p class="quiet">{html.escape(explanation.arithmetic)}</p>'
    if explanation.edit:
        yield f"<p>→ {code_html(explanation.edit)}</p>"
    yield from map(_diff, explanation.blocks)
    for other in explanation.others:
        yield f'<p class="quiet">{code_html(other)}</p>'


def _diff(block: Block) -> str:
    tags = {"-": "del", "+": "ins"}
    lines = [f"<{tags[line[0]]}>{html.escape(line)}</{tags[line[0]]}>" for line in block.shown]
    return f'<div class="diff">{"".join(lines)}</div>'


def _picture(svg: str, call: str) -> str:
    if not svg:
        return f"<p>{html.escape(call)}</p>"
    source = base64.b64encode(svg.encode()).decode()
    return (
        f'<div class="picture"><img alt="{html.escape(call)}" '
        f'src="data:image/svg+xml;base64,{source}"></div>'
    )


def _style() -> str:
    """Returns the style sheet; only rules that a browser knows fold the traceback."""
    kinds = [f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in _STDERR]
    below = f".jp-OutputArea-child:has({','.join(f'>{kind}' for kind in kinds)})"
    above = f":has({','.join(f'+.jp-OutputArea-child>{kind}' for kind in kinds)})"
    own = f".{_NAME}>details"
    mono = "font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:12px"
    wrapped = "white-space:pre-wrap;overflow-wrap:anywhere"
    rules = {
        f".{_NAME}": (
            f"box-sizing:border-box;max-width:900px;padding:8px 12px;border-radius:8px;"
            f"border:1px solid {light_dark(BORDER)};background:{light_dark(SURFACE)};"
            f"color:{light_dark(TEXT)};font:13px/1.4 system-ui,sans-serif"
        ),
        f".{_NAME} p": "margin:0 0 6px;overflow-wrap:anywhere",
        f".{_NAME} .quiet,.{_NAME} summary span": f"color:{light_dark(QUIET)}",
        f".{_NAME} code": f"{mono};color:inherit;background:{light_dark(PANEL)}",
        f".{_NAME} .diff": f"margin:0 0 6px;border-radius:6px;overflow:hidden;{mono}",
        f".{_NAME} .diff>*": (
            f"display:block;padding:1px 8px 1px calc(8px + 2ch);text-indent:-2ch;"
            f"text-decoration:none;{wrapped}"
        ),
        f".{_NAME} del": _marked(WRONG_SURFACE, WRONG),
        f".{_NAME} ins": _marked(RIGHT_SURFACE, RIGHT),
        f".{_NAME} .picture": "overflow-x:auto;margin:0 0 6px",
        f".{_NAME} summary": "cursor:pointer",
        f".{_NAME} pre": f"margin:6px 0 0;padding:0;background:none;color:inherit;{mono};{wrapped}",
        f".jp-OutputArea-child:has({own}:not([open]))+{below}": "display:none",
        f".jp-OutputArea-child{above} {own}>pre": "display:none",
    }
    written = "".join(f"{selector}{{{rule}}}" for selector, rule in rules.items())
    return f".{_NAME}{{color-scheme:light dark}}{follow_theme(_NAME)}{written}"


def _marked(surface: tuple[str, str], edge: tuple[str, str]) -> str:
    return (
        f"color:{light_dark(TEXT)};background:{light_dark(surface)};"
        f"box-shadow:inset 3px 0 {light_dark(edge)}"
    )
