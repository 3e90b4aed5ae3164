"""The language of views and feedback: gettext catalogues, English built in."""

import gettext
import os
from pathlib import Path

LANGUAGES = ("en", "es")

_FOLDER = Path(__file__).parent
_catalogues: dict[str, gettext.NullTranslations] = {}
_chosen: str | None = None


def language(code: str | None = None) -> str | None:
    """Chooses the language of views and feedback, or tells which one is in use.

    Args:
        code: `"en"` or `"es"`. By default nothing is changed. Until a language is chosen, it is
            that of the environment variable `KFUNC_LAB_LANGUAGE`, else English.

    Returns:
        The language in use when called without a code; nothing when one was chosen, so that a
        notebook cell that ends with the call prints nothing.

    Raises:
        ValueError: If there is no such language.

    Example:
        >>> language("es")
        >>> language()
        'es'
        >>> language("en")
    """
    global _chosen
    if code is None:
        return _current()
    check_language(code)
    _chosen = code
    return None


def check_language(code: str) -> None:
    """Raises a ValueError that names the languages there are, unless this is one of them."""
    if code not in LANGUAGES:
        raise ValueError(
            _("There is no language {code}; the languages are {codes}.").format(
                code=repr(code), codes=", ".join(LANGUAGES)
            )
        )


def _(message: str) -> str:
    """Returns a message in the language in use."""
    return _catalogue().gettext(message)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Marks a message for translation that is said later, through `_`."""
    return message


def ngettext(singular: str, plural: str, count: int) -> str:
    """Returns the form of a message that fits a count, in the language in use."""
    return _catalogue().ngettext(singular, plural, count)


def _current() -> str:
    wanted = _chosen or os.environ.get("KFUNC_LAB_LANGUAGE", "")
    return wanted if wanted in LANGUAGES else "en"


def _catalogue() -> gettext.NullTranslations:
    code = _current()
    if code not in _catalogues:
        _catalogues[code] = gettext.translation(
            "kfunc_lab", _FOLDER, languages=[code], fallback=True
        )
    return _catalogues[code]
