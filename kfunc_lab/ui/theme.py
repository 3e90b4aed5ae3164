"""The colours that all views share, each for a light and a dark surface."""

SURFACE = ("#ffffff", "#16181c")
TEXT = ("#1f2328", "#f0f3f6")
QUIET = ("#57606a", "#a3adb8")
LINE = ("#8c959f", "#6e7781")
FAINT = ("#d8dee4", "#343b44")
PANEL = ("#f6f8fa", "#1d2127")
TRAINING = ("#2f6fc4", "#5b9be6")
VALIDATION = ("#b35900", "#e09b4a")
ACCENT = ("#1f6feb", "#6cb0ff")
BORDER = ("#d0d7de", "#3a414a")
HOVER = ("#eaeef2", "#2b3138")
WRONG = ("#cf222e", "#ff7b72")
WRONG_SURFACE = ("#ffebe9", "#3c1618")
RIGHT = ("#1a7f37", "#4fb377")
RIGHT_SURFACE = ("#dafbe1", "#12301c")
CHANGED = ("#8a5a00", "#e3b341")
WARNING = ("#bf8700", "#d4a72c")
SHADOW = ("#1f232855", "#000000")
# NaN and infinity, in a colour that no scale has.
NOT_FINITE = ("#d6336c", "#d6336c")
NOT_FINITE_TEXT = ("#b02a5b", "#f783ac")

FONT = "Arial, Arimo, 'Liberation Sans', Helvetica, sans-serif"

# The custom properties of the pages; two of them prefer Jupyter's own colour.
_PROPERTIES = {
    "accent": ACCENT,
    "surface": SURFACE,
    "border": BORDER,
    "line": LINE,
    "text": TEXT,
    "quiet": QUIET,
    "hover": HOVER,
    "wrong": WRONG,
    "wrong-surface": WRONG_SURFACE,
    "right": RIGHT,
    "right-surface": RIGHT_SURFACE,
    "changed": CHANGED,
    "warning": WARNING,
    "shadow": SHADOW,
    "not-finite": NOT_FINITE,
    "not-finite-text": NOT_FINITE_TEXT,
    "training": TRAINING,
    "validation": VALIDATION,
}
_JUPYTER = {"surface": "--jp-layout-color0", "border": "--jp-border-color2"}


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


def custom_properties() -> str:
    """Returns the colours as CSS custom properties, such as `--accent`, for the pages."""
    values = {name: light_dark(colours) for name, colours in _PROPERTIES.items()}
    for name, jupyter_name in _JUPYTER.items():
        values[name] = f"var({jupyter_name},{values[name]})"
    return "".join(f"--{name}:{value};" for name, value in values.items())
