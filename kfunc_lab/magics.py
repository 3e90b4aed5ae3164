"""The magic `%watch`, which loads what it needs when it is used."""

from typing import Any

from kfunc_lab.locale import _


def register(shell: Any) -> None:
    """Makes the magic known to an IPython session."""
    shell.register_magic_function(watch, "line", "watch")


def watch(line: str) -> Any:
    """Follows the notebook (`%watch on`) or ends it (`%watch off`).

    `%watch mistakes off` and `%watch mistakes on` choose whether mistakes are drawn.
    """
    from kfunc_lab.live import watch as watching

    words = line.split() or ["on"]
    if words == ["on"]:
        watching.watch()
        return None
    if words == ["off"]:
        return watching.unwatch()
    if words[0] == "mistakes" and words[1:] in (["on"], ["off"]):
        watching.draw_mistakes(words[1] == "on")
        return None
    raise ValueError(
        _("%watch takes one of: {choices}; this is: {got}.").format(
            choices="on, off, mistakes on, mistakes off", got=line
        )
    )
