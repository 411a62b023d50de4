"""Made-up names, subjects and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

FIRST = (
    "Amara", "Bent", "Chloé", "Dmitri", "Esperanza", "Fatima", "Guðrún", "Håkon", "Ieva", "José", "Kaveh", "Łucja",
    "Mei", "Nguyễn", "Ólafur", "Priya", "Quentin", "Rósa", "Søren", "Tomás", "Ulla", "Værne", "Wei", "Ximena", "Yusuf",
    "Zoë", "אורי", "美咲", "Олена", "Ayşe",
)  # fmt: skip
LAST = (
    "Abara", "Bianchi", "Çelik", "Dvořák", "Eriksen", "Fernández", "García", "Hansson", "Ibrahim", "Jørgensen", "Kováč",
    "López", "Müller", "Nakamura", "O'Brien", "Petrov", "Quispe", "Rossi", "Šimek", "Tanaka", "Usman", "Virtanen",
    "Wójcik", "Xu", "Yılmaz", "Žukauskas",
)  # fmt: skip
SUBJECTS = (
    "Follow-up after discharge", "Transport to appointment", "Medication refill", "Housing application", "Food delivery",
    "Call back requested", "Care plan review", "Interpreter for visit", "Lab results to discuss", "New phone number 📞",
    "Wheelchair repair", "Benefits renewal – urgent", "Visite à domicile", "Consulta de nutrición", "预约确认",
)  # fmt: skip
SENTENCES = (
    "The member asked to be called after four in the afternoon.",
    "Left a voicemail; will try again tomorrow morning.",
    "The pharmacy says that the refill needs a new prescription, which the clinic has been asked for.",
    "Transport is booked for Tuesday, with an escort from the front door.",
    "She prefers Spanish; an interpreter joins the visit.",
    "He reported feeling better and has no further questions 🙂.",
    "The application was sent with all enclosures, a receipt is attached.",
    "Please check whether the address is still right before the visit.",
    "Her daughter (naïve to the programme) would like to join the next call.",
    "Blood pressure readings were taken twice a day, \u201cas agreed\u201d.",
    "הפגישה נקבעה ליום חמישי.",
    "Line one\r\nline two\tafter a tab, and a backslash \\ too.",
)
TAGS = (
    "care_team_a", "care_team_b", "urgent", "transport", "pharmacy", "housing", "food", "follow_up", "spanish",
    "home_visit", "behavioral_health", "benefits", "closed_loop", "hub",
)  # fmt: skip


def name(rng: Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def text(rng: Random, characters: int) -> str:
    """Sentences of about that many characters in total."""
    found: list[str] = []
    length = 0
    while length < characters:
        found.append(rng.choice(SENTENCES))
        length += len(found[-1]) + 1
    return " ".join(found)
