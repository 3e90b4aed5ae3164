"""Support tickets that nobody sent, and the labels that follow from them: written by templates."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from kfunc_lab.locale import _, language, ngettext

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float32]
    Texts = npt.NDArray[np.str_]

Choice = TypeVar("Choice")

# Things that the priority follows from tend to come together: each holds with this chance in one
# half of the tickets, and fails with it in the other.
_LIKELY = 0.92
_SOLVED = 0.1

# Sentences of a body between what it is about and its closing, unless more is to be said.
_SENTENCES = 2

# The tags that stand last in the list say things that the priority follows from.
_TAG_OF = {"many": -3, "soon": -2, "solved": -1}
_MOST_TAGS = 3


@dataclass(frozen=True, eq=False)
class Tickets:
    """Support tickets: what is written in them, and who should read them how soon.

    Attributes:
        titles: Subject lines, of shape (n,).
        bodies: Messages, of shape (n,).
        tags: Of shape (n, 12): 1 where a ticket has a tag, at most three times, else 0.
        priority: Of shape (n, 1): 1 for an urgent ticket, else 0.
        department: Of shape (n, 4): 1 for the department that the ticket belongs to, else 0.
        tag_names: What each column of `tags` stands for.
        department_names: What each column of `department` stands for.
    """

    titles: Texts
    bodies: Texts
    tags: Numbers
    priority: Numbers
    department: Numbers
    tag_names: tuple[str, ...]
    department_names: tuple[str, ...]


class _Ticket(NamedTuple):
    title: str
    body: str
    tags: list[int]
    urgent: bool
    department: str


class _Fact(NamedTuple):
    """One of the things that the priority follows from, and where a ticket says it."""

    name: str
    holds: bool
    place: str


def tickets(count: int = 2000, seed: int = 0) -> Tickets:
    """Writes support tickets by templates, in the language in use.

    The department follows from what a ticket is about, which title, body or both may say. A
    ticket is urgent if it is not solved and two of three things hold: it is severe, it affects
    many, it is needed soon; the first is said in the body, the others in title, body or tags.
    In each language, the same seed gives the same tickets, translated. Prints one line that says
    that they are synthetic.

    Args:
        count: How many to write.
        seed: Another one gives other tickets. The global random state is left alone.

    Returns:
        The tickets.

    Raises:
        ValueError: If there should be less than one, or the seed is not from 0 to 2**32 - 1.

    Example:
        >>> written = tickets(count=500)
        500 SYNTHETIC support tickets, generated from templates: nobody sent them.
        >>> str(written.titles[0])
        'Price of 15 desks'
        >>> written.department_names[written.department[0].argmax()]
        'sales'
        >>> written.tags.shape, written.priority.shape, written.department.shape
        ((500, 12), (500, 1), (500, 4))
    """
    import numpy as np

    if count < 1:
        raise ValueError(_("count must be at least 1, got {count}.").format(count=count))
    phrases = _phrases()
    # The stream of RandomState is frozen; that of a Generator may change with numpy.
    random = np.random.RandomState(seed)
    written = [_write(random, phrases) for _number in range(count)]
    tag_names, department_names = phrases["tag_names"], phrases["department_names"]
    tags = np.zeros((count, len(tag_names)), np.float32)
    department = np.zeros((count, len(department_names)), np.float32)
    for row, ticket in enumerate(written):
        tags[row, ticket.tags] = 1
        department[row, department_names.index(ticket.department)] = 1
    print(_line(count))
    return Tickets(
        titles=np.array([ticket.title for ticket in written]),
        bodies=np.array([ticket.body for ticket in written]),
        tags=tags,
        priority=np.array([[ticket.urgent] for ticket in written], np.float32),
        department=department,
        tag_names=tuple(tag_names),
        department_names=tuple(department_names),
    )


def _line(count: int) -> str:
    return ngettext(
        "{count} SYNTHETIC support ticket, generated from templates: nobody sent it.",
        "{count} SYNTHETIC support tickets, generated from templates: nobody sent them.",
        count,
    ).format(count=f"{count:,}")


def _phrases() -> dict[str, Any]:
    """Returns the phrases of the language in use; every language has as many of each."""
    file = Path(__file__).with_name(f"tickets_{language()}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _write(random: np.random.RandomState, phrases: dict[str, Any]) -> _Ticket:
    topic = _one_of(random, phrases["topics"])
    facts = _facts(random)
    clear = _one_of(random, ("title", "body", "both", "both"))
    title = _title(random, phrases, topic["titles"] if clear != "body" else None, facts)
    body = _body(random, phrases, topic["bodies"] if clear != "title" else None, facts)
    filled_in = _filled_in(random, phrases)
    severe, many, soon, solved = (fact.holds for fact in facts)
    return _Ticket(
        title.format(**filled_in),
        body.format(**filled_in),
        _tags(random, phrases["tag_names"], topic["tags"], facts),
        urgent=severe + many + soon >= 2 and not solved,
        department=topic["department"],
    )


def _facts(random: np.random.RandomState) -> list[_Fact]:
    """Draws what holds, and where it is said; the tags say nothing of what does not hold."""
    chance = _one_of(random, (_LIKELY, 1 - _LIKELY))
    chances_and_places = {
        "severe": (chance, ("body",)),
        "many": (chance, ("body", "tags", "tags")),
        "soon": (chance, ("title", "title", "title", "body", "tags")),
        "solved": (_SOLVED, ("body", "tags")),
    }
    return [
        _Fact(name, bool(random.random_sample() < chance), _one_of(random, places))
        for name, (chance, places) in chances_and_places.items()
    ]


def _title(
    random: np.random.RandomState,
    phrases: dict[str, Any],
    titles: list[str] | None,
    facts: list[_Fact],
) -> str:
    """Returns a title that says what it is about, or a vague one."""
    title: str = _one_of(random, titles or phrases["vague_titles"])
    for name, holds, place in facts:
        if place == "title":
            frame = _one_of(random, phrases[name]["titles_yes" if holds else "titles_no"])
            title = frame.replace("{title}", title)
    return title


def _body(
    random: np.random.RandomState,
    phrases: dict[str, Any],
    matters: list[str] | None,
    facts: list[_Fact],
) -> str:
    """Returns a body; the facts come late, where a recurrent layer forgets them last."""
    said = [
        _one_of(random, phrases[name]["yes" if holds else "no"])
        for name, holds, place in reversed(facts)
        if place == "body"
    ]
    fillers = _shuffled(random, phrases["fillers"])[: max(0, _SENTENCES - len(said))]
    greeting, closing = (_one_of(random, phrases[name]) for name in ("greetings", "closings"))
    matter = _one_of(random, matters or phrases["vague_bodies"])
    return " ".join([greeting, *fillers, matter, *said, closing])


def _tags(
    random: np.random.RandomState, names: list[str], of_topic: list[str], facts: list[_Fact]
) -> list[int]:
    """Returns the places of a ticket's tags: those of its facts, and some of its topic."""
    tags = [len(names) + _TAG_OF[it.name] for it in facts if it.holds and it.place == "tags"]
    tags += [names.index(name) for name in of_topic if random.random_sample() < 0.4]
    return tags[:_MOST_TAGS]


def _filled_in(random: np.random.RandomState, phrases: dict[str, Any]) -> dict[str, Any]:
    """Draws the names and numbers of a ticket, which its title and body share."""
    name, colleague, *_others = _shuffled(random, phrases["names"])
    return {
        "number": _one_of(
            random, range(1037, 5200, 83)
        ),  # few, as every one is a word to learn
        "count": _one_of(random, range(12, 60)),
        "year": _one_of(random, range(2012, 2026)),
        "product": _one_of(random, phrases["products"]),
        "city": _one_of(random, phrases["cities"]),
        "month": _one_of(random, phrases["months"]),
        "name": name,
        "colleague": colleague,
    }


def _one_of(random: np.random.RandomState, choices: Sequence[Choice]) -> Choice:
    return choices[int(random.random_sample() * len(choices))]


def _shuffled(random: np.random.RandomState, items: Sequence[Choice]) -> list[Choice]:
    return [items[place] for place in random.random_sample(len(items)).argsort()]
