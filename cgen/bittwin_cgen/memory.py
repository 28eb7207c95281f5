"""Offsets of buffers in one arena, from their lifetimes."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bittwin_cgen.ir import Place

ALIGNMENT = 16
MOST_MOVES = 400  # tried, of single buffers in the order in which they choose their places


@dataclass(frozen=True)
class Request:
    """A buffer of `bytes` that is alive from step `first` to step `last`, both inclusive."""

    name: str
    bytes: int
    first: int
    last: int

    def meets(self, other: "Request") -> bool:
        return self.first <= other.last and other.first <= self.last


def plan_memory(requests: Sequence[Request]) -> tuple[dict[str, Place], int]:
    """({name: place}, arena bytes): the best of some greedy orders, each buffer at the lowest offset that is free.

    Greedy by size: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020.
    """
    orders = (
        _largest_first,
        lambda r: (-r.bytes * (r.last - r.first + 1), r.first, r.name),
        lambda r: (r.first, -r.bytes, r.name),
    )
    bound = lower_bound(requests)
    best: tuple[dict[str, Place], int] | None = None
    for order in orders:
        places = _place(sorted(requests, key=order))
        size = max((place.offset + aligned(place.bytes) for place in places.values()), default=0)
        if best is None or size < best[1]:
            best = places, size
        if size == bound:
            break
    assert best is not None
    return best if best[1] == bound else _improved(requests, bound, best)


def _improved(
    requests: Sequence[Request], bound: int, best: tuple[dict[str, Place], int]
) -> tuple[dict[str, Place], int]:
    """A smaller arena, if moving single buffers within the order in which they choose leads to one; always the same."""
    order, least = sorted(requests, key=_largest_first), 0
    draw = Random(0).randrange
    for _ in range(MOST_MOVES):
        tried = order.copy()
        tried.insert(draw(len(order)), tried.pop(draw(len(order))))
        places = _place(tried)
        size = max(place.offset + aligned(place.bytes) for place in places.values())
        if not least or size <= least:
            order, least = tried, size
        if size < best[1]:
            best = places, size
        if size == bound:
            break
    return best


def _largest_first(request: Request) -> tuple[int, int, str]:
    return -request.bytes, request.first, request.name


def lower_bound(requests: Sequence[Request]) -> int:
    """Bytes alive at once, at most: no plan needs less."""
    return max(
        (sum(aligned(r.bytes) for r in requests if r.first <= t <= r.last) for t in {r.first for r in requests}),
        default=0,
    )


def aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _place(requests: Sequence[Request]) -> dict[str, Place]:
    placed: list[tuple[Request, Place]] = []
    for request in requests:
        offset = 0
        neighbours = sorted((place for other, place in placed if other.meets(request)), key=lambda place: place.offset)
        for place in neighbours:
            if offset + aligned(request.bytes) <= place.offset:
                break
            offset = max(offset, place.offset + aligned(place.bytes))
        placed.append((request, Place(offset, request.bytes, request.first, request.last)))
    return {request.name: place for request, place in placed}
