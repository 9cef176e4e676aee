"""Damage to pages, the same for the same seed: fields taken out, bytes flipped, ends cut off."""

import json
import random
from collections.abc import Iterator
from copy import deepcopy

Path = tuple[str | int, ...]


def damaged(body: bytes, *, seed: int, flips: int, cuts: int) -> Iterator[tuple[str, bytes]]:
    """Yield what was done and the damaged page: each field of a JSON page removed once, then
    `flips` pages with up to three bytes changed, then `cuts` pages that end too early.
    """
    chance = random.Random(seed)
    yield from _without_each_field(body)
    for number in range(flips):
        flipped = bytearray(body)
        for _ in range(chance.randint(1, 3)):
            flipped[chance.randrange(len(flipped))] = chance.choice(b'x0"<>{}[],: \\')
        yield f"flip {number}", bytes(flipped)
    for _ in range(cuts):
        end = chance.randrange(len(body))
        yield f"cut at {end}", body[:end]


def fields_of(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield where every field of a JSON value stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from fields_of(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from fields_of(inner, (*path, place))


def _without_each_field(body: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        page = json.loads(body)
    except ValueError:
        return
    for path in list(fields_of(page)):
        yield f"without {'.'.join(map(str, path))}", json.dumps(_without(page, path)).encode()


def _without(page: object, path: Path) -> object:
    """A copy of a JSON value without the field at `path`; only what leads there is copied."""
    if len(path) == 1:
        assert isinstance(page, dict)
        return {name: value for name, value in page.items() if name != path[0]}
    copied = dict(page) if isinstance(page, dict) else list(page)  # type: ignore[call-overload]
    copied[path[0]] = _without(copied[path[0]], path[1:])
    return copied


def without_everywhere(page: object, name: str) -> object:
    """Return a copy of a JSON value without a field, wherever it stands."""
    if isinstance(page, dict):
        return {key: without_everywhere(v, name) for key, v in page.items() if key != name}
    if isinstance(page, list):
        return [without_everywhere(value, name) for value in page]
    return deepcopy(page)
