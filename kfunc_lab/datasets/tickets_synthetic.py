"""Generates synthetic support tickets and their labels from templates."""

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

# The facts that determine the priority tend to occur together: each is true with this probability
# in one half of the tickets, and false with this probability in the other half.
_LIKELY_CHANCE = 0.92
_SOLVED_CHANCE = 0.1

# The minimum number of sentences in a body besides its greeting, matter and closing.
_MIN_SENTENCES = 2

# The last tags in the list state facts that determine the priority.
_TAG_OF = {"many": -3, "soon": -2, "solved": -1}
_MAX_TAGS = 3


@dataclass(frozen=True, eq=False)
class Tickets:
    """Support tickets, with their priority and their department.

    Attributes:
        titles: Subject lines, of shape (n,).
        bodies: Messages, of shape (n,).
        tags: Of shape (n, 12): 1 for each tag of a ticket, at most three, else 0.
        priority: Of shape (n, 1): 1 for an urgent ticket, else 0.
        department: Of shape (n, 4): 1 for the department that the ticket belongs to, else 0.
        tag_names: The names of the columns of `tags`.
        department_names: The names of the columns of `department`.
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
    """A fact that determines the priority, and the part of the ticket that states it."""

    name: str
    holds: bool
    place: str


def tickets(count: int = 2000, seed: int = 0) -> Tickets:
    """Generates support tickets from templates, in the current language.

    The department depends on the topic, which the title, the body or both state. A ticket is
    urgent if it is not solved and two of three facts are true: it is severe, it affects many
    people, it is needed soon. The body states the first fact; title, body or tags state the
    others. The same seed gives the same tickets in each language. Prints one line that says that
    the tickets are synthetic.

    Args:
        count: The number of tickets.
        seed: The seed of the random numbers. The global random state does not change.

    Returns:
        The tickets.

    Raises:
        ValueError: If `count` is less than 1, or the seed is not from 0 to 2**32 - 1.

    Example:
        >>> data = tickets(count=500)
        500 SYNTHETIC support tickets, generated from templates: nobody sent them.
        >>> str(data.titles[0])
        'Price of 15 desks'
        >>> data.department_names[data.department[0].argmax()]
        'sales'
        >>> data.tags.shape, data.priority.shape, data.department.shape
        ((500, 12), (500, 1), (500, 4))
    """
    import numpy as np

    if count < 1:
        raise ValueError(_("count must be at least 1, got {count}.").format(count=count))
    phrases = _phrases()
    # The random numbers of RandomState never change; those of a Generator may change with numpy.
    random = np.random.RandomState(seed)
    all_tickets = [_write(random, phrases) for _number in range(count)]
    tag_names, department_names = phrases["tag_names"], phrases["department_names"]
    tags = np.zeros((count, len(tag_names)), np.float32)
    department = np.zeros((count, len(department_names)), np.float32)
    for row, ticket in enumerate(all_tickets):
        tags[row, ticket.tags] = 1
        department[row, department_names.index(ticket.department)] = 1
    print(_line(count))
    return Tickets(
        titles=np.array([ticket.title for ticket in all_tickets]),
        bodies=np.array([ticket.body for ticket in all_tickets]),
        tags=tags,
        priority=np.array([[ticket.urgent] for ticket in all_tickets], np.float32),
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
    """Returns the phrases of the current language; each list is equally long in all languages."""
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
    """Draws which facts are true, and where they are stated; tags state only true facts."""
    chance = _one_of(random, (_LIKELY_CHANCE, 1 - _LIKELY_CHANCE))
    chances_and_places = {
        "severe": (chance, ("body",)),
        "many": (chance, ("body", "tags", "tags")),
        "soon": (chance, ("title", "title", "title", "body", "tags")),
        "solved": (_SOLVED_CHANCE, ("body", "tags")),
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
    """Returns a title that states the topic, or a vague one."""
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
    """Returns a body; the facts come at the end, where a recurrent layer remembers them best."""
    sentences = [
        _one_of(random, phrases[name]["yes" if holds else "no"])
        for name, holds, place in reversed(facts)
        if place == "body"
    ]
    fillers = _shuffled(random, phrases["fillers"])[: max(0, _MIN_SENTENCES - len(sentences))]
    greeting, closing = (_one_of(random, phrases[name]) for name in ("greetings", "closings"))
    matter = _one_of(random, matters or phrases["vague_bodies"])
    return " ".join([greeting, *fillers, matter, *sentences, closing])


def _tags(
    random: np.random.RandomState, names: list[str], of_topic: list[str], facts: list[_Fact]
) -> list[int]:
    """Returns the indices of a ticket's tags: those of its facts, and some of its topic."""
    tags = [
        len(names) + _TAG_OF[fact.name] for fact in facts if fact.holds and fact.place == "tags"
    ]
    tags += [names.index(name) for name in of_topic if random.random_sample() < 0.4]
    return tags[:_MAX_TAGS]


def _filled_in(random: np.random.RandomState, phrases: dict[str, Any]) -> dict[str, Any]:
    """Draws the names and numbers of a ticket, which its title and body share."""
    name, colleague, *_others = _shuffled(random, phrases["names"])
    return {
        "number": _one_of(
            random, range(1037, 5200, 83)
        ),  # few values, because each is a word to learn
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
