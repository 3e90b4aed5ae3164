"""The language of views and feedback, from gettext catalogues; English is built in."""

import gettext
import os
from pathlib import Path

LANGUAGES = ("en", "es")

_FOLDER = Path(__file__).parent
_catalogues: dict[str, gettext.NullTranslations] = {}
_chosen: str | None = None


def language(code: str | None = None) -> str | None:
    """Sets the language of views and feedback, or returns the current one.

    Args:
        code: `"en"` or `"es"`. Without a code the language does not change. Until one is set, it
            is that of the environment variable `KFUNC_LAB_LANGUAGE`, otherwise English.

    Returns:
        The current language if there is no code; otherwise `None`, so that a notebook cell that
        ends with the call shows nothing.

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
    """Raises a `ValueError` that lists the languages unless `code` is one of them."""
    if code not in LANGUAGES:
        raise ValueError(
            _("There is no language {code}; the languages are {codes}.").format(
                code=repr(code), codes=", ".join(LANGUAGES)
            )
        )


def _(message: str) -> str:
    """Returns a message in the current language."""
    return _catalogue().gettext(message)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Marks a message for translation; `_` translates it later."""
    return message


def ngettext(singular: str, plural: str, count: int) -> str:
    """Returns the singular or plural form of a message, in the current language."""
    return _catalogue().ngettext(singular, plural, count)


def _current() -> str:
    code = _chosen or os.environ.get("KFUNC_LAB_LANGUAGE", "")
    return code if code in LANGUAGES else "en"


def _catalogue() -> gettext.NullTranslations:
    code = _current()
    if code not in _catalogues:
        _catalogues[code] = gettext.translation(
            "kfunc_lab", _FOLDER, languages=[code], fallback=True
        )
    return _catalogues[code]
