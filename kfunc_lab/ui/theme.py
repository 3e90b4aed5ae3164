"""The colours that all views share, each for a light and a dark surface."""

SURFACE = ("#ffffff", "#16181c")
TEXT = ("#1f2328", "#f0f3f6")
QUIET = ("#57606a", "#a3adb8")
LINE = ("#8c959f", "#6e7781")
FAINT = ("#d8dee4", "#343b44")
PANEL = ("#f6f8fa", "#1d2127")
TRAINING = ("#2f6fc4", "#5b9be6")
VALIDATION = ("#b35900", "#e09b4a")

FONT = "Arial, Arimo, 'Liberation Sans', Helvetica, sans-serif"


def light_dark(colours: tuple[str, str]) -> str:
    """Returns the CSS value that selects a colour by the theme.

    Example:
        >>> light_dark(TEXT)
        'light-dark(#1f2328,#f0f3f6)'
    """
    return f"light-dark({colours[0]},{colours[1]})"


def follow_theme(name: str) -> str:
    """Returns the CSS rule by which an element follows the dark theme of a notebook's page.

    JupyterLab and VS Code mark a dark theme on the body of the page; other pages set
    `color-scheme`, which `light-dark()` follows by itself.

    Args:
        name: The class of the outermost element.
    """
    return (
        f':is(body[data-jp-theme-light="false"],body.vscode-dark) .{name}{{color-scheme:dark}}'
    )
