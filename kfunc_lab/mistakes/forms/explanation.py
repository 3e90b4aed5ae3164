"""The words that explain a mistake, which the page, the picture and the text show alike."""

import textwrap
from dataclasses import dataclass
from pathlib import Path

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import message_of
from kfunc_lab.mistakes.forms.raw_cell import with_magics
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import changed_lines, edited
from kfunc_lab.mistakes.source.timed_cell import magic_line
from kfunc_lab.ui.text import printable


@dataclass(frozen=True)
class Block:
    """The changes of one file or cell.

    Attributes:
        file: Its name, as in a traceback.
        lines: The lines that change, marked by `-` and `+`.
        shown: The same without the indentation that they have in common.
        mended: Its source with the edit.
        whole: `"cell"` or `"file"`; empty for a part of a cell, which `%%steps` runs.
    """

    file: str
    lines: tuple[str, ...]
    shown: tuple[str, ...]
    mended: str
    whole: str


@dataclass(frozen=True)
class Explanation:
    """What is said of a mistake.

    Attributes:
        reason: The reason, in one sentence.
        arithmetic: The numbers that do not fit; empty if there are none.
        edit: The change to make; empty if none is known.
        blocks: The changes of the source that make the edit.
        others: Other edits.
        kind: The class of the exception.
        message: Its whole message.
        above_traceback: Whether its traceback stands just below.
    """

    reason: str
    arithmetic: str
    edit: str
    blocks: tuple[Block, ...]
    others: tuple[str, ...]
    kind: str
    message: str
    above_traceback: bool

    def lines(self) -> list[str]:
        """Returns all but the reason and the message, line by line."""
        edit = self.edit and f"→ {self.edit}"
        changed = [line for block in self.blocks for line in block.lines]
        return [line for line in (self.arithmetic, edit, *changed, *self.others) if line]


def explanation_of(
    mistake: Mistake, error: BaseException, above_traceback: bool
) -> Explanation:
    """Returns what is said of a mistake.

    Args:
        mistake: The mistake.
        error: The exception.
        above_traceback: Whether IPython shows the traceback just below the explanation.
    """
    return Explanation(
        mistake.reason,
        mistake.arithmetic,
        mistake.edit,
        tuple(_blocks(mistake)),
        tuple(_("or: {edit}").format(edit=other.words) for other in mistake.others),
        type(error).__name__,
        "\n".join(printable(line) for line in message_of(error).splitlines()).strip(),
        above_traceback,
    )


def _blocks(mistake: Mistake) -> list[Block]:
    blocks = []
    for file in dict.fromkeys(change.file for change in mistake.changes):
        code = Code.of(file)
        if code is None:
            continue
        changes = [change for change in mistake.changes if change.file == file]
        lines = [printable(line) for line in changed_lines({file: code.text}, changes)]
        if not lines:  # the edit changes nothing here
            continue
        mended = magic_line(file) + with_magics(code.text, edited(code.text, changes))
        blocks.append(Block(file, tuple(lines), _without_indent(lines), mended, _whole(code)))
    return blocks


def _without_indent(lines: list[str]) -> tuple[str, ...]:
    code = textwrap.dedent("\n".join(line[2:] for line in lines)).split("\n")
    return tuple(f"{line[:2]}{text}".rstrip() for line, text in zip(lines, code, strict=True))


def _whole(code: Code) -> str:
    if code.text.startswith("\n"):  # `%%steps` puts a statement behind empty lines
        return ""
    is_cell = code.file.startswith("<") or Path(code.file).parent.name.startswith("ipykernel_")
    return "cell" if is_cell else "file"
