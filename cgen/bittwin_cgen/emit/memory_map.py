"""The arena over time as a picture: segments from left to right, offsets from top to bottom."""

from __future__ import annotations

from xml.sax.saxutils import escape

from bittwin_cgen.ir import Program

WIDTH, HEIGHT, LEFT, TOP = 960, 480, 72, 40
COLOURS = ("#4e79a7", "#59a14f", "#9c755f", "#76b7b2", "#b07aa1", "#edc948", "#f28e2b", "#bab0ac")


def memory_map(program: Program) -> str:
    """An SVG: one rectangle a buffer, as wide as it lives and as high as it is large; its name and bytes as a title."""
    segments, arena = max(len(program.segments), 1), max(program.arena_bytes, 1)
    across, down = (WIDTH - LEFT) / segments, (HEIGHT - TOP) / arena
    makers = {step.output: step.name for step in program.steps()}
    title = f"{program.graph.name}: {program.arena_bytes:,} bytes of arena, {segments} segments"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 8} {HEIGHT + 8}" role="img" '
        f'font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH + 8}" height="{HEIGHT + 8}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="16" font-size="13">{escape(title)}</text>',
    ]
    for number in range(segments):
        x = LEFT + number * across
        lines.append(f'<text x="{x + across / 2:.1f}" y="{TOP - 6}" text-anchor="middle">{number}</text>')
        lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT}" stroke="#dddddd"/>')
    for part in range(5):
        offset = arena * part // 4
        y = TOP + offset * down
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{offset:,}</text>')
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>')
    for index, (name, place) in enumerate(
        sorted(program.places.items(), key=lambda item: (item[1].first, item[1].offset))
    ):
        x, y = LEFT + place.first * across, TOP + place.offset * down
        width, height = (place.last - place.first + 1) * across, max(place.bytes * down, 0.5)
        label = escape(f"{makers.get(name, name)}: {place.bytes:,} bytes at {place.offset:,}")
        lines.append(
            f'<g><title>{label}</title><rect x="{x + 1:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{height:.1f}" '
            f'fill="{COLOURS[index % len(COLOURS)]}" stroke="#ffffff" stroke-width="0.5"/>'
        )
        if height >= 12 and width >= 60:
            shown = escape(makers.get(name, name)[: int(width / 6.5)])
            lines.append(f'<text x="{x + 5:.1f}" y="{y + height / 2 + 4:.1f}" fill="#ffffff">{shown}</text>')
        lines.append("</g>")
    return "\n".join([*lines, "</svg>"]) + "\n"
