"""Numbers as a person reads them: short, and different where they differ."""

import math

FEWEST, MOST = 4, 17
"""Significant digits; 17 tell any two numbers apart."""


def pair(one: float, other: float) -> tuple[str, str]:
    """Return both with the fewest digits, four at least, that show a difference between them."""
    for digits in range(FEWEST, MOST):
        texts = shown(one, digits), shown(other, digits)
        if one == other or texts[0] != texts[1]:
            return texts
    return shown(one, MOST), shown(other, MOST)


def shown(number: float, digits: int = FEWEST) -> str:
    """Return `number` with `digits` significant digits, without trailing zeros; integer parts are never shortened."""
    if number == 0:
        return "0"
    if not math.isfinite(number):
        return str(number)
    size = math.floor(math.log10(abs(number)))
    if not -5 <= size < 15:
        return f"{number:.{digits}g}"
    text = f"{number:.{max(0, digits - 1 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
