"""The minutes that a lesson takes, counted in words, code, predictions and exercises."""

import re

MOST = 20.0

# These figures reproduce, within a sixth, what three novices needed for the thirteen lessons of
# the first edition, from 9 to 40 minutes.
WORDS_A_MINUTE = 125
MINUTES = {"line": 0.05, "cell": 0.2, "prediction": 0.6, "exercise": 2.5}


def minutes(notebook) -> float:
    """Returns the minutes to read and do a lesson, without its optional cells."""
    cells = [c for c in notebook.cells if "optional" not in c.metadata.get("tags", [])]
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    asking = [text for text in code if text.startswith("lab.predict(")]
    running = [text for text in code if text not in asking]
    counts = {
        "line": sum(len(re.findall(r"(?m)^(?!\s*#).*\S", text)) for text in running),
        "cell": len(running),
        "prediction": len(asking),
        "exercise": sum(len(re.findall(r"(?m)^lab\.check\(", text)) for text in running),
    }
    words = sum(len(text.split()) for text in prose)
    return words / WORDS_A_MINUTE + sum(MINUTES[what] * n for what, n in counts.items())


def test_lesson_takes_twenty_minutes_at_most(built, lesson, language):
    assert minutes(built(lesson, language)) <= MOST


def test_welcome_says_how_long_lessons_take(builder, built, language):
    said = "\n".join(cell.source for cell in built("00_welcome", language).cells)
    low, high = map(int, re.search(r"\b(\d+)\s(?:and|y)\s(\d+)\s#?\s?min", said).groups())
    shortest = min(minutes(built(path.stem, language)) for path in builder.sources())
    assert low <= shortest < low + 5
    assert high == MOST
