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
CHANGED = ("#8a5a00", "#e3b341")
WARNING = ("#bf8700", "#d4a72c")

FONT = "Arial, Arimo, 'Liberation Sans', Helvetica, sans-serif"

# The custom properties of the pages; some are Jupyter's own colour where there is one.
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
    "changed": CHANGED,
    "warning": WARNING,
    "training": TRAINING,
    "validation": VALIDATION,
}
_JUPYTER = {"surface": "--jp-layout-color0", "border": "--jp-border-color2"}


def light_dark(colours: tuple[str, str]) -> str:
    """Writes a pair of colours for CSS, which takes the one that fits the theme.

    Example:
        >>> light_dark(TEXT)
        'light-dark(#1f2328,#f0f3f6)'
    """
    return f"light-dark({colours[0]},{colours[1]})"


def follow_theme(name: str) -> str:
    """Writes the rule by which HTML of ours follows a dark theme that CSS does not know of.

    JupyterLab and VS Code say on the page's body that their theme is dark; other pages say it by
    `color-scheme`, which `light-dark()` follows by itself.

    Args:
        name: The class of the outermost element.
    """
    return (
        f':is(body[data-jp-theme-light="false"],body.vscode-dark) .{name}{{color-scheme:dark}}'
    )


def custom_properties() -> str:
    """Writes the colours as custom properties, such as `--accent`, for the CSS of the pages."""
    written = {name: light_dark(colours) for name, colours in _PROPERTIES.items()}
    for name, theirs in _JUPYTER.items():
        written[name] = f"var({theirs},{written[name]})"
    return "".join(f"--{name}:{value};" for name, value in written.items())
