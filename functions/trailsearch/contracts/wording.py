"""How numbers are put into words, in what errors and commands say."""


def counted(number: float, what: str) -> str:
    """Say how many of something there are: 1 part, 2 parts, 1,234 parts."""
    return f"{number:,.0f} {what}{'' if number == 1 else 's'}"
