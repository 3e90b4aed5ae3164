"""A function whose arguments can be moved, with its result drawn beside them: `lab.explore`."""

from collections.abc import Callable
from typing import Any

import ipywidgets


def explore(function: Callable[..., Any], **controls: Any) -> ipywidgets.Widget:
    """Shows what a function returns while its arguments are moved.

    Args:
        function: Returns what is displayed, such as a picture or a text.
        **controls: For each argument its control: `(lowest, highest, start)` is a slider, of
            whole numbers if all three are; a text is a field; a bool a check box; a list a choice
            that begins with its first item.

    Returns:
        The controls, with the result below them.

    Example:
        >>> view = explore(lambda x: x * x, x=(0, 10, 3))
    """
    return ipywidgets.interactive(function, **controls)
