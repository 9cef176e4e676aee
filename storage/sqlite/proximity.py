"""Whether two words stand near each other, for queries to ask of each row that the index offers."""


def is_near(text: str, one: str, other: str, distance: int) -> bool:
    """Return whether at most `distance` characters lie between the two words, in any order.

    All are in normal form. Words that overlap are near; an empty word is not.
    """
    if not (one and other):
        return False
    return _follows(text, one, other, distance) or _follows(text, other, one, distance)


def _follows(text: str, first: str, last: str, distance: int) -> bool:
    reach = len(first) + distance + len(last)
    begin = text.find(first)
    while begin >= 0:
        # the nearest one that begins no earlier decides
        if text.find(last, begin, begin + reach) >= 0:
            return True
        begin = text.find(first, begin + 1)
    return False
