"""How many, in words."""


def counted(number: int, noun: str) -> str:
    """`noun`: singular, with a regular plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
