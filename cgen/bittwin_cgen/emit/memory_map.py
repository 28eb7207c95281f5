"""The arena over time as a picture: steps from left to right, offsets from top to bottom."""

from __future__ import annotations

from xml.sax.saxutils import escape

from bittwin_cgen.ir import Program

LEFT, RIGHT, TOP, HEIGHT = 80, 16, 64, 520
LETTERS = 28  # of a step's name
LETTER = 6.2  # pixels of a letter, about
WHITE, INK = "#ffffff", "#1f2933"
COLOURS = {  # of a buffer, and of the text on it
    "ring of rows": ("#4e79a7", WHITE),
    "whole tensor": ("#59a14f", INK),
    "row, made and read within a round": ("#76b7b2", INK),
    "rows of padding values": ("#b07aa1", INK),
    "scratch memory of a kernel": ("#f28e2b", INK),
    "row counters": ("#79706e", WHITE),
}
RING, WHOLE, PASSING, PADDING, SCRATCH, COUNTERS = COLOURS


def memory_map(program: Program) -> str:
    """An SVG: one rectangle a buffer, as wide as it lives and as high as it is large; name, bytes, steps as a title."""
    steps = list(program.steps())
    arena = max(program.arena_bytes, 1)
    across = max(14.0, 860 / max(len(steps), 1))
    down = HEIGHT / arena
    right = LEFT + across * len(steps)
    width = max(right + RIGHT, LEFT + 880)
    height = TOP + HEIGHT + 24 + LETTER * max([0, *(min(len(step.name), LETTERS) for step in steps)])
    ends, end = [], 0
    for segment in program.segments:
        end += len(segment.steps)
        ends.append(end)
    title = (
        f"{program.graph.name}: {program.arena_bytes:,} bytes of arena, {len(steps)} steps "
        f"in {len(program.segments)} segments, schedule {program.schedule}"
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
        *_legend(),
    ]
    for part in range(9):
        offset = arena * part // 8
        y = TOP + offset * down
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{offset:,}</text>')
        lines.append(f'<line x1="{LEFT}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>')
    for number, step in enumerate(steps):
        x, y = LEFT + (number + 0.5) * across, TOP + HEIGHT + 8
        shown = escape(_short(step.name, LETTERS))
        lines.append(
            f'<text transform="translate({x + 4:.1f} {y}) rotate(-90)" text-anchor="end">{shown}'
            f"<title>{escape(step.name)}</title></text>"
        )
    for name, place in sorted(program.places.items(), key=lambda item: (item[1].first, item[1].offset)):
        x, y = LEFT + place.first * across, TOP + place.offset * down
        wide, high = (place.last - place.first + 1) * across, max(place.bytes * down, 0.75)
        kind, text = _kind(program, name)
        fill, ink = COLOURS[kind]
        when = f"steps {place.first} to {place.last}" if place.last > place.first else f"step {place.first}"
        label = f"{text}: {kind}, {place.bytes:,} bytes at {place.offset:,}, {when}"
        lines.append(
            f'<g><title>{escape(label)}</title><rect x="{x + 0.5:.1f}" y="{y:.1f}" width="{wide - 1:.1f}" '
            f'height="{high:.1f}" fill="{fill}" stroke="#ffffff" stroke-width="0.75"/>'
        )
        letters = int((wide - 8) / LETTER)
        fitting = [shown for shown in (f"{text} {place.bytes:,}", text, f"{place.bytes:,}") if len(shown) <= letters]
        if high >= 12 and fitting:
            shown = fitting[0]
            lines.append(f'<text x="{x + 4:.1f}" y="{y + high / 2 + 4:.1f}" fill="{ink}">{escape(shown)}</text>')
        lines.append("</g>")
    for number, end in enumerate(ends):
        x = LEFT + end * across
        lines.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 14}" y2="{TOP + HEIGHT}" stroke="#333333" '
            f'stroke-dasharray="4 3"/>'
        )
        begin = ends[number - 1] if number else 0
        if (end - begin) * across >= 22:
            middle = LEFT + (begin + end) / 2 * across
            text = f"segment {number}" if (end - begin) * across >= 70 else str(number)
            lines.append(f'<text x="{middle:.1f}" y="{TOP - 5}" text-anchor="middle">{text}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _legend() -> list[str]:
    lines, x = [], float(LEFT)
    for kind, (colour, _) in COLOURS.items():
        lines.append(f'<rect x="{x:.1f}" y="30" width="11" height="11" fill="{colour}"/>')
        lines.append(f'<text x="{x + 15:.1f}" y="40">{kind}</text>')
        x += 15 + LETTER * len(kind) + 12
    return lines


def _kind(program: Program, name: str) -> tuple[str, str]:
    """(what a place is for, its text): a tensor by the step that makes it, and those that take its place."""
    if name not in program.buffers:
        kind = (
            SCRATCH if name in program.scratch.values() else PADDING if name in program.outside.values() else COUNTERS
        )
        return kind, name
    makers = {step.output: step.name for step in program.steps()}
    text = " + ".join([makers[name], *(makers[other] for other, root in program.shared.items() if root == name)])
    if not program.buffers[name].ring:
        return WHOLE, text
    ends, end = [], 0
    for segment in program.segments:
        end += len(segment.steps)
        ends.append(end)
    place = program.places[name]
    begin = max([0, *(e for e in ends if e <= place.first)])
    close = min(e for e in ends if e > place.first) - 1
    return (RING if (place.first, place.last) == (begin, close) else PASSING), text


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: max(letters - 2, 1)]}.."
