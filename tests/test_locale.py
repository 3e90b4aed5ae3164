"""Every message has a Spanish translation, and the compiled file is up to date."""

import gettext
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
import spanish_words
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import kfunc_lab as lab
from kfunc_lab.locale import LANGUAGES, _, ngettext

PACKAGE = Path(lab.__file__).parent
SPANISH = PACKAGE / "locale" / "es" / "LC_MESSAGES"
REPOSITORY = PACKAGE.parent
# The message of an exception names an argument without backticks.
ARGUMENTS = re.compile(r"\bshape\b")


@pytest.fixture(scope="module")
def catalogue():
    return read_po(io.BytesIO((SPANISH / "kfunc_lab.po").read_bytes()), locale="es")


def test_every_message_has_translation(catalogue):
    messages = {message for _, _, message, _, _ in extract_from_dir(PACKAGE)}
    missing = [
        message
        for message in messages
        if message not in catalogue
        or not catalogue[message].string
        or (isinstance(message, tuple) and not all(catalogue[message].string))
        or catalogue[message].fuzzy
    ]
    assert not missing
    assert len(messages) > 100


def test_every_translation_has_message(catalogue):
    messages = {message for _, _, message, _, _ in extract_from_dir(PACKAGE)}
    assert {message.id for message in catalogue if message.id} == messages


def test_translations_keep_placeholders(catalogue):
    for message in catalogue:
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id:
            wanted = sorted(re.findall(r"{\w*}", ids[-1]))
            for string in strings:
                assert sorted(re.findall(r"{\w*}", string)) == wanted, message.id


def test_translations_keep_code(catalogue):
    for message in catalogue:
        if message.id and isinstance(message.id, str):
            assert sorted(re.findall(r"`[^`]+`", message.id)) == sorted(
                re.findall(r"`[^`]+`", message.string)
            )


def test_translations_follow_glossary(catalogue):
    found = {}
    for message in catalogue:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        prose = ARGUMENTS.sub("", spanish_words.prose_of(" ".join(strings)))
        if message.id and (words := spanish_words.found_in(prose)):
            found[message.id] = words
    assert not found


@pytest.mark.parametrize(
    "path",
    [REPOSITORY / "README.es.md", *sorted((REPOSITORY / "docs" / "es").glob("*.md"))],
    ids=lambda path: path.name,
)
def test_spanish_documents_follow_glossary(path):
    prose = spanish_words.prose_of(path.read_text())
    assert len(prose.split()) > 100
    assert not spanish_words.found_in(prose)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Pasa dos arreglos.", "arreglos"),
        ("Haz clic en los recuadros.", "recuadros"),
        ("Mientras corre `fit`, la celda sigue corriendo.", "corre"),
        ("A una capa se la llama con un tensor.", "se la llama"),
        ("La capa espera un tensor y recibe dos.", "espera un tensor y recibe"),
        ("Las desviaciones típicas son iguales.", "desviaciones típicas"),
        ("Guarda las historias.", "historias"),
    ],
)
def test_words_to_avoid_are_found_in_every_form(text, found):
    assert any(f"{found!r}: write" in each for each in spanish_words.found_in(text))


@pytest.mark.parametrize(
    "text",
    [
        "Corrige la corrección: el array es correcto.",
        "El historial se guarda; la capa espera un tensor, pero recibe dos.",
        "`super().__init__` prepara la capa y recibe `name`.",
        "La capa se llama con un tensor, y su desviación estándar es 1.",
    ],
)
def test_other_words_are_not_taken_for_words_to_avoid(text):
    assert spanish_words.found_in(spanish_words.prose_of(text)) == []


def test_compiled_file_is_up_to_date(catalogue):
    with (SPANISH / "kfunc_lab.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in catalogue:
        if message.id and isinstance(message.id, str):
            assert compiled.gettext(message.id) == message.string, "run make messages"


def test_language_is_set_and_returned():
    assert lab.language("es") is None
    assert lab.language() == "es"
    assert _("Hint") == "Pista"
    assert ngettext("{n} call", "{n} calls", 1) == "{n} llamada"
    lab.language("en")
    assert _("Hint") == "Hint"


def test_unknown_language_error_lists_languages():
    with pytest.raises(ValueError, match=r"'fr'.*en, es"):
        lab.language("fr")


@pytest.mark.parametrize(("setting", "expected"), [("es", "es"), ("", "en"), ("fr", "en")])
def test_environment_sets_default_language(setting, expected):
    code = "import kfunc_lab as lab; print(lab.language())"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={"KFUNC_LAB_LANGUAGE": setting, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == expected
    assert expected in LANGUAGES
