"""Summarises a training run as text and as a picture, independently of the machine's speed."""

import dataclasses
import html
import math
import re
import textwrap
from collections.abc import Mapping, Sequence

from kfunc_lab.locale import _, ngettext
from kfunc_lab.training.curves.figures import Curve, from_logs, to_svg, to_text
from kfunc_lab.training.curves.line_chart import number_words, svg_text
from kfunc_lab.training.measuring import prediction_figures
from kfunc_lab.training.measuring.best_weights import Best
from kfunc_lab.training.measuring.prediction_figures import ClassNames
from kfunc_lab.training.notices.find import find_notices
from kfunc_lab.training.notices.notice import Notice
from kfunc_lab.training.run_log import RunLog
from kfunc_lab.training.states import state_words
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.theme import FONT, SURFACE, TEXT, light_dark

_LINE_LENGTH = 96  # characters in a line of a notice, which fill the width of the curves


def summary_text(name: str, log: RunLog, classes: ClassNames = None) -> str:
    """Returns a run as text: its name, a line for each epoch, the notices and the confusions.

    The notices only use measurements of the first and the last epoch, because how often layers
    are measured in between depends on the machine.

    Args:
        name: The name of the run.
        log: The run.
        classes: The names of the classes, if they have names.

    Returns:
        The text.

    Example:
        >>> log = RunLog(by_epoch={"loss": {0: 0.5}}, state="finished")
        >>> print(summary_text("baseline", log))
        baseline: 1 epoch, finished
        epoch    loss
            1  0.5000
    """
    epochs = max(map(len, log.by_epoch.values()), default=0)
    count = ngettext("{n} epoch", "{n} epochs", epochs).format(n=epochs)
    lines = [f"{printable(name)}: {count}, {state_words(log.state)}"]
    if epochs:
        lines.append(to_text(curves_of(log)))
    if log.best is not None and epochs > 1:
        lines.append(best_words(log.best))
    notices = find_notices(_first_and_last(log))
    lines += [f"{notice.said} {notice.advice}" for notice in notices]
    if log.confusions:
        lines += ["", prediction_figures.to_text(log.confusions, classes)]
    return "\n".join(lines)


def _first_and_last(log: RunLog) -> RunLog:
    """Returns a run with the measurements of its first and last epoch only."""
    measures = log.measures_by_epoch
    epochs = [*measures][:1] + [*measures][-1:]
    return dataclasses.replace(
        log, measures_by_epoch={epoch: measures[epoch] for epoch in epochs}
    )


def summary_svg(log: RunLog, classes: ClassNames = None) -> str:
    """Draws a run as SVG: its curves, the notices and the confusions of a classifier."""
    pictures = [to_svg(curves_of(log))]
    notices = find_notices(_first_and_last(log))
    if notices:
        pictures.append(_notices_to_svg(notices))
    if log.confusions:
        pictures.append(prediction_figures.to_svg(log.confusions, classes))
    return pictures[0] if len(pictures) == 1 else _stack_vertically(pictures)


def curves_of(log: RunLog) -> tuple[Curve, ...]:
    """Returns the curves of a run, with the weight of each part of the loss in its name."""
    epochs = sorted({epoch for values in log.by_epoch.values() for epoch in values})
    lines = {
        titled(name, log.loss_weights): [values.get(epoch, math.nan) for epoch in epochs]
        for name, values in log.by_epoch.items()
    }
    return from_logs(lines, epochs)


def titled(name: str, loss_weights: Mapping[str, float]) -> str:
    """Returns the name of a metric, with its weight if it is a part of the loss.

    Example:
        >>> titled("val_priority_loss", {"priority_loss": 0.2})
        'val_priority_loss × 0.2'
    """
    weight = loss_weights.get(name.removeprefix("val_"))
    return name if weight is None else f"{name} × {weight:g}"


def best_words(best: Best) -> str:
    """Returns the sentence that names the best epoch."""
    return _("Best epoch: {n} ({name} {value}).").format(
        n=best.epoch + 1, name=best.name, value=number_words(best.value)
    )


def _notices_to_svg(notices: Sequence[Notice]) -> str:
    """Draws notices as lines of text, because a page without a kernel only shows the picture."""
    parts, y = "", 6
    for notice in notices:
        for line in textwrap.wrap(
            f"{notice.said} {notice.advice}", _LINE_LENGTH, break_on_hyphens=False
        ):
            y += 17
            parts += svg_text(16, y, line, "notice")
        y += 6
    style = f".kfunc-lab-notices-picture .notice{{fill:{light_dark(TEXT)};font-size:12px}}"
    title = html.escape(" ".join(notice.said for notice in notices))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="680" height="{y + 8}" '
        f'viewBox="0 0 680 {y + 8}" class="kfunc-lab-notices-picture" role="img" '
        f'style="color-scheme:light dark;font-family:{html.escape(FONT)}">'
        f"<title>{title}</title><style>{style}</style>{parts}</svg>"
    )


_SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)"')


def _stack_vertically(pictures: Sequence[str]) -> str:
    """Combines several of our SVG pictures into one, from top to bottom."""
    width, height, parts = 0.0, 0.0, ""
    for picture in pictures:
        [size] = _SIZE.findall(picture[: picture.index(">")])
        parts += picture.replace("<svg ", f'<svg y="{height:g}" ', 1)
        width, height = max(width, float(size[0])), height + float(size[1])
    surface = (
        f'<rect width="100%" height="100%" fill="{SURFACE[0]}" '
        f'style="fill:{light_dark(SURFACE)}"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" style="color-scheme:light dark">'
        f"{surface}{parts}</svg>"
    )
