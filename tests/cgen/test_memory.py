"""The memory planner: buffers that live at the same time never overlap, lie on 16 bytes, and need about the least."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bittwin_cgen.ir import Place
from bittwin_cgen.memory import Request, lower_bound, plan_memory

Lives = list[tuple[int, int, int]]  # bytes, first, last

lives = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 12), st.integers(0, 5)).map(lambda t: (t[0], t[1], t[1] + t[2])),
    max_size=14,
)


def requests_of(sizes: Lives) -> list[Request]:
    return [Request(f"buffer {i}", size, first, last) for i, (size, first, last) in enumerate(sizes)]


def least(sizes: Lives) -> int:
    """Bytes alive at once, counted moment by moment."""
    moments = range(max((last for _, _, last in sizes), default=0) + 1)
    return max(sum((size + 15) // 16 * 16 for size, first, last in sizes if first <= t <= last) for t in moments)


def check(sizes: Lives, places: dict[str, Place], arena: int) -> None:
    assert set(places) == {f"buffer {i}" for i in range(len(sizes))}
    for i, (size, first, last) in enumerate(sizes):
        place = places[f"buffer {i}"]
        assert (place.bytes, place.first, place.last) == (size, first, last)
        assert place.offset >= 0
        assert place.offset % 16 == 0
        assert place.offset + size <= arena
    for (i, a), (j, b) in itertools.combinations(enumerate(sizes), 2):
        if a[1] <= b[2] and b[1] <= a[2] and a[0] and b[0]:
            first, second = places[f"buffer {i}"], places[f"buffer {j}"]
            assert first.offset + a[0] <= second.offset or second.offset + b[0] <= first.offset, (i, j)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(lives)
@example([])
@example([(0, 0, 0)])
@example([(1, 0, 3), (16, 0, 3), (17, 2, 2)])
def test_buffers_alive_together_do_not_overlap(sizes: Lives) -> None:
    places, arena = plan_memory(requests_of(sizes))
    check(sizes, places, arena)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(lives)
def test_the_arena_lies_between_its_bounds(sizes: Lives) -> None:
    """Never less than what is alive at once, never more than everything side by side."""
    _, arena = plan_memory(requests_of(sizes))
    assert lower_bound(requests_of(sizes)) == least(sizes)
    assert least(sizes) <= arena <= sum((size + 15) // 16 * 16 for size, _, _ in sizes)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(lives, st.randoms(use_true_random=False))
def test_the_order_of_requests_does_not_matter(sizes: Lives, random: object) -> None:
    """The same plan for the same buffers: the same bytes of C."""
    requests = requests_of(sizes)
    shuffled = list(requests)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan_memory(requests) == plan_memory(shuffled) == plan_memory(requests)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=12))
def test_a_chain_needs_its_two_largest_neighbours(sizes: list[int]) -> None:
    """A tensor lives from the layer that makes it to the one that reads it: greedy plans are optimal here or nearly."""
    chain = [(size, i, i + 1) for i, size in enumerate(sizes)]
    places, arena = plan_memory(requests_of(chain))
    check(chain, places, arena)
    assert arena <= 1.35 * least(chain) + 16


@pytest.mark.parametrize(
    ("sizes", "arena"),
    [
        ([], 0),
        ([(1, 0, 0)], 16),
        ([(100, 0, 1), (50, 1, 2), (100, 2, 3)], 112 + 64),
        ([(64, 0, 0), (64, 1, 1), (64, 2, 2)], 64),
        ([(64, 0, 2), (64, 1, 1), (64, 2, 2)], 128),
        ([(32, 0, 9), (512, 0, 1), (256, 1, 2), (512, 2, 3)], 32 + 768),
    ],
)
def test_plans_by_hand(sizes: Lives, arena: int) -> None:
    places, size = plan_memory(requests_of(sizes))
    check(sizes, places, size)
    assert size == arena


def test_a_gap_that_the_greedy_orders_leave_is_closed() -> None:
    """Buffers of a feature pyramid: by size, area and time they need 224 bytes more than are ever alive."""
    ring = [612, 768, 480, 384, 480, 256, 128, 22]
    sizes = [(size, 0, 10) for size in ring]
    sizes += [(128, 5, 7), (256, 6, 8), (576, 7, 10), (72, 0, 11), (20, 11, 12), (448, 1, 1), (128, 2, 2), (576, 3, 3)]
    sizes += [(800, 5, 5), (72, 6, 6), (128, 8, 8), (128, 9, 9)]
    places, arena = plan_memory(requests_of(sizes))
    check(sizes, places, arena)
    assert arena == least(sizes) == 4192
