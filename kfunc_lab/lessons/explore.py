"""A function whose arguments can be moved, with its result below them: `lab.explore`."""

import io
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import ipywidgets
from IPython.core.formatters import DisplayFormatter
from IPython.core.getipython import get_ipython
from ipywidgets.widgets.interaction import show_inline_matplotlib_plots

from kfunc_lab.lessons.controls import control
from kfunc_lab.locale import _
from kfunc_lab.ui.main_thread import on_main_thread
from kfunc_lab.ui.text import first_sentences, printable
from kfunc_lab.ui.theme import WRONG, follow_theme, light_dark
from kfunc_lab.ui.words import code_html, plain_words

_WIDGET = "application/vnd.jupyter.widget-view+json"
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "text/html")

Output = dict[str, Any]  # as in a notebook's file


def explore(function: Callable[..., Any], **controls: Any) -> "Exploration":
    """Shows what a function returns and prints while its arguments are moved.

    Args:
        function: Returns what is displayed, such as a picture, a view or a text.
        **controls: For each argument its control. `(lowest, highest, start)` is a slider, of
            whole numbers if all three are; a list of numbers is a slider that begins with the
            first, and another list a choice; a bool is a check box and a text a field.

    Returns:
        The controls with the result below them: a widget in a notebook, the first result as a
        picture and as text elsewhere.

    Raises:
        ValueError: If a control is none of these.

    Example:
        >>> explore(lambda x: x * x, x=(0, 10, 3))
        x = 3
        9
    """
    return Exploration(function, {name: control(name, it) for name, it in controls.items()})


class Exploration(ipywidgets.VBox):  # type: ignore[misc]
    """Controls, and the result of a function of their values.

    Runs follow one another, and each takes the newest values.
    """

    # ipywidgets 7, which Colab has, would show the widget alone, without its picture and text.
    _ipython_display_: Any = None

    def __init__(self, function: Callable[..., Any], controls: Mapping[str, Any]) -> None:
        self._function = function
        self._controls = controls
        self._result = ipywidgets.Output()
        super().__init__([*controls.values(), self._result])
        self._first_values = self._shown = self._values()
        self._first_outputs = _outputs_of(function, self._shown)
        self._result.outputs = tuple(map(_on_page, self._first_outputs))
        for widget in controls.values():
            widget.observe(lambda _change: on_main_thread(self._show), "value")

    def to_text(self) -> str:
        """Returns the first values of the controls, and the first result."""
        values = ", ".join(f"{name} = {value}" for name, value in self._first_values.items())
        return "\n".join([values, *map(_text_of, self._first_outputs)])

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        data: dict[str, Any] = {"text/plain": self.to_text()}
        for output in self._first_outputs:
            shown = output.get("data", {})
            kind = next((kind for kind in _PICTURES if kind in shown), None)
            if kind is not None:
                data[kind] = shown[kind]
                break
        if self.comm is not None:
            data[_WIDGET] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.model_id,
            }
        return data

    def _values(self) -> dict[str, Any]:
        return {name: widget.value for name, widget in self._controls.items()}

    def _show(self) -> None:
        """Shows the result of the newest values, unless it is shown already."""
        if self._values() != self._shown:
            self._shown = self._values()
            outputs = _outputs_of(self._function, self._shown)
            self._result.outputs = tuple(map(_on_page, outputs))


def _outputs_of(function: Callable[..., Any], values: Mapping[str, Any]) -> list[Output]:
    """Returns what a function prints, displays and returns, or why it fails."""
    with _captured() as outputs:
        try:
            last = _display_data(function(**values))
        except Exception as error:  # the notebook goes on
            last = _failure(error)
        show_inline_matplotlib_plots()
    return [*outputs, *([last] if last else [])]


@contextmanager
def _captured() -> Iterator[list[Output]]:
    """Collects what this thread prints and displays.

    IPython's own `capture_output` replaces the kernel's publisher for all threads. JupyterLab's
    messages, which another thread handles, would fail meanwhile and leave the page waiting.
    """
    outputs: list[Output] = []
    printed = io.StringIO()

    def keep_printed() -> None:
        if printed.getvalue():
            text = printed.getvalue()
            outputs.append({"output_type": "stream", "name": "stdout", "text": text})
        printed.seek(0)
        printed.truncate()

    def keep(message: Any) -> None:
        if message["msg_type"] == "display_data":
            keep_printed()
            outputs.append(_display(message["content"]["data"], message["content"]["metadata"]))

    publisher: Any = getattr(get_ipython(), "display_pub", None)
    has_hooks = hasattr(publisher, "register_hook")  # a kernel's; a terminal prints instead
    if has_hooks:
        publisher.register_hook(keep)
    try:
        with redirect_stdout(printed):
            yield outputs
    finally:
        if has_hooks:
            publisher.unregister_hook(keep)
        keep_printed()


def _display_data(value: Any) -> Output | None:
    """Returns a value as IPython displays it."""
    if value is None:
        return None
    shell: Any = get_ipython()
    formatter = DisplayFormatter() if shell is None else shell.display_formatter
    data, metadata = formatter.format(value)
    return _display(data, metadata) if data else None


def _display(data: Mapping[str, Any], metadata: Mapping[str, Any] | None) -> Output:
    return {
        "output_type": "display_data",
        "data": dict(data),
        "metadata": dict(metadata or {}),
    }


def _failure(error: Exception) -> Output:
    """Says why a function fails, and in which line of it."""
    words = f"{type(error).__name__}: {first_sentences(str(error))}".rstrip(": ")
    line = _line_of(traceback.extract_tb(error.__traceback__)[1:])
    if line:
        sentence = _("With these values `{line}` fails: {error}").format(line=line, error=words)
    else:
        sentence = _("With these values the function fails: {error}").format(error=words)
    style = (
        f"<style>.kfunc-lab-fails{{margin:4px 0;color:{light_dark(WRONG)}}}"
        f"{follow_theme('kfunc-lab-fails')}</style>"
    )
    shown = f'{style}<p class="kfunc-lab-fails">{code_html(sentence)}</p>'
    return _display({"text/html": shown, "text/plain": plain_words(sentence)}, {})


def _line_of(frames: Sequence[traceback.FrameSummary]) -> str:
    """Returns the innermost line that failed in the file where the function stands."""
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return printable(own[-1].line or "") if own else ""


def _on_page(output: Output) -> Output:
    """Returns an output for the live page, where an SVG picture follows the theme."""
    picture = output.get("data", {}).get("image/svg+xml")
    if picture is None:
        return output
    style = (
        f"<style>.kfunc-lab-explored svg{{color-scheme:inherit;max-width:100%;height:auto}}"
        f"{follow_theme('kfunc-lab-explored')}</style>"
    )
    shown = f'{style}<div class="kfunc-lab-explored">{picture}</div>'
    return _display({"text/html": shown, "text/plain": _text_of(output)}, {})


def _text_of(output: Output) -> str:
    text = output["text"] if output["output_type"] == "stream" else output["data"]
    return (text if isinstance(text, str) else str(text.get("text/plain", ""))).rstrip("\n")
