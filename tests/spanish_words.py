"""The Spanish words to avoid, read from the glossary, with their plurals and conjugated forms."""

import re
from pathlib import Path

_GLOSSARY = Path(__file__).parents[1] / "notebooks" / "src" / "GLOSSARY.md"
_CLITICS = "(?:me|te|se|nos|l[aeo]s?)?"
_ENDINGS = {
    "ar": "o|as|a|amos|an|é|aste|ó|aron|aba[ns]?|ábamos|ad[oa]s?|e|es|emos|en|ar[áéí]\\w*|arían?",
    "er": "o|es|e|emos|en|í|iste|ió|ieron|ía[ns]?|íamos|id[oa]s?|a|as|amos|an|er[áéí]\\w*|erían?",
    "ir": "o|es|e|imos|en|í|iste|ió|ieron|ía[ns]?|íamos|id[oa]s?|a|as|amos|an|ir[áéí]\\w*|irían?",
}
_GERUNDS = {"ar": "ando|ándo", "er": "iendo|iéndo", "ir": "iendo|iéndo"}
_GAP = "…"  # stands for any words of the sentence
_SHORT = 3  # up to so many letters a word such as "la" or "por" has no other forms


def words_to_avoid() -> dict[str, str]:
    """Maps each rendering that the glossary avoids to the one that it asks for."""
    rows = [line.strip("|").split("|") for line in _GLOSSARY.read_text().splitlines()]
    table = [[cell.strip() for cell in row] for row in rows if len(row) == 3][2:]
    return {
        word.strip(): use for _, use, avoided in table for word in avoided.split(",") if word
    }


def found_in(text: str) -> list[str]:
    """Lists the words to avoid in a text, in any form, each with the word to use."""
    return [
        f"{match[0]!r}: write {use!r}"
        for word, use in words_to_avoid().items()
        for match in pattern_of(word).finditer(text)
    ]


def pattern_of(words: str) -> re.Pattern[str]:
    """Returns a pattern of all forms of a word, or of each word of a phrase.

    Example:
        >>> bool(pattern_of("correr").fullmatch("corriendo"))
        True
    """
    forms = r"\s+".join(map(_forms, words.split())).replace(_GAP, r"[^.:;]*")
    return re.compile(rf"\b(?:{forms})\b", re.IGNORECASE)


def _forms(word: str) -> str:
    stem, ending = word[:-2], word[-2:]
    if word == _GAP:
        return word
    if len(word) <= _SHORT:
        return re.escape(word)
    if ending in _ENDINGS:
        with_clitics = f"(?:{ending}|{_GERUNDS[ending]}){_CLITICS}"
        return f"{re.escape(stem)}(?:{_ENDINGS[ending]}|{with_clitics})"
    if re.search(r"[ai]d[ao]$", word):
        return f"{re.escape(word[:-1])}[oa]s?"
    if word.endswith("ión"):
        return f"{re.escape(word[:-2])}(?:ón|ones)"
    if word.endswith("z"):
        return f"{re.escape(word[:-1])}(?:z|ces)"
    return re.escape(word) + ("s?" if word[-1] in "aeiouáéíóú" else "(?:e?s)?")


def prose_of(text: str) -> str:
    """Removes code, emphasised foreign words, links and placeholders from a text."""
    return re.sub(
        r"```.*?```|`[^`]*`|\*(?!\*)[^*\n]+\*|<[^>]*>|\]\([^)]*\)|\{[^{}]*\}|\w+\.\w+(?:\(\w*\))?",
        "",
        text,
        flags=re.DOTALL,
    )
