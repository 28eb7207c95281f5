"""The C between a camera and a network's input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bittwin_cgen.camera import Camera, read_camera, table
from bittwin_cgen.emit.literals import array_body
from bittwin_cgen.emit.model import LICENSE, ModelText, PortText
from bittwin_cgen.errors import BittwinError
from bittwin_cgen.version import VERSION


def camera_in_front(text: ModelText, described: str) -> Camera:
    """The camera of an option's text; raises BittwinError where it does not fit the network."""
    inputs = [port for port in text.ports if port.is_input]
    if len(inputs) != 1 or text.program.graph.batch != 1:
        what = f"the network takes {len(inputs)} inputs, {text.program.graph.batch} images at once"
        raise BittwinError(f"--camera {described}", what, "A camera needs a network of one input and one image")
    return read_camera(described, inputs[0].type)


def camera_files(text: ModelText, camera: Camera, runtime: dict[str, str]) -> dict[str, str]:
    """{path: text} of NAME_camera.h, NAME_camera.c and what they include beside the model."""
    (port,) = [port for port in text.ports if port.is_input]
    return {
        f"{text.name}_camera.h": _header(text, port, camera),
        f"{text.name}_camera.c": _source(text, port, camera),
        "btw/btw_camera.h": runtime["include/btw_camera.h"],
    }


def _describe(camera: Camera) -> str:
    window = f"{camera.window_width} x {camera.window_height} pixels from ({camera.left}, {camera.top})"
    resize = "bilinear" if camera.bilinear else "nearest"
    same = (camera.window_width, camera.window_height) == (camera.output_width, camera.output_height)
    size = (
        "as they are" if same and not camera.bilinear else f"{resize} to {camera.output_width} x {camera.output_height}"
    )
    return f"{camera.format} {camera.width} x {camera.height}: {window}, {size}"


def _header(text: ModelText, port: PortText, camera: Camera) -> str:
    name, upper = text.name, text.name.upper()
    macro = f"{upper}_{port.name}".upper()
    lines = [
        f"/* The camera in front of {name}: made by bittwin {VERSION}. Do not edit. */",
        LICENSE,
        f"#ifndef {upper}_CAMERA_H",
        f"#define {upper}_CAMERA_H",
        "",
        f'#include "{name}.h"',
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        f"/* {_describe(camera)} */",
        f"#define {upper}_CAMERA_WIDTH {camera.width}",
        f"#define {upper}_CAMERA_HEIGHT {camera.height}",
        f"#define {upper}_CAMERA_LINE_BYTES {camera.line_bytes}",
        f"#define {upper}_CAMERA_FRAME_BYTES {camera.frame_bytes}",
        "",
        f"/* A frame of the camera to what {name}_run takes. */",
        f"void {name}_camera_image(const uint8_t frame[{upper}_CAMERA_FRAME_BYTES], "
        f"{port.c_type} {port.name}[{macro}_SIZE]);",
    ]
    if text.program.pushed:
        ring = [f"    uint8_t lines[{camera.lines}][{upper}_CAMERA_LINE_BYTES]; /* the last ones */"]
        lines += [
            "",
            "/* What is kept between lines of the camera, for as long as a frame comes. */",
            "typedef struct {",
            f"    {port.c_type} row[{macro}_ROW_SIZE];",
            *(ring if camera.lines > 1 else []),
            "    int taken; /* lines */",
            "    int made;  /* rows */",
            f"}} {name}_camera;",
            "",
            "/* The same line by line as the camera gives them, so that no frame is stored: begin, then push_line for",
            f" * each line from top to bottom, then {name}_output. Until it returns the arena is in use. */",
            f"void {name}_camera_begin({name}_camera *camera, {name}_arena *arena);",
            f"void {name}_camera_push_line({name}_camera *camera, {name}_arena *arena,",
            f"                      const uint8_t line[{upper}_CAMERA_LINE_BYTES]);",
        ]
    lines += ["", "#ifdef __cplusplus", "}", "#endif", "", "#endif"]
    return "\n".join(lines) + "\n"


def _array(kind: str, name: str, values: Sequence[int]) -> list[str]:
    return [f"static const {kind} {name}[{len(values)}] = {{", array_body(np.array(values)), "};", ""]


def _source(text: ModelText, port: PortText, camera: Camera) -> str:
    name, upper, kind, channels = text.name, text.name.upper(), port.c_type, camera.channels
    codes = table(camera, port.type)
    luma = "_luma" if channels == 1 and camera.format in ("yuv422", "uyvy422") else ""
    how = "bilinear" if camera.bilinear else "nearest"
    row = camera.output_width * channels
    lines = [
        f"/* The camera in front of {name}: made by bittwin {VERSION}. Do not edit. */",
        LICENSE,
        f'#include "{name}_camera.h"',
        '#include "btw/btw_camera.h"',
        "",
        "/* Places in the camera's image, in 256ths of a pixel. */",
        *_array("uint32_t", f"{name}_camera_columns", camera.columns),
        *_array("uint32_t", f"{name}_camera_rows", camera.rows),
    ]
    if text.program.pushed:
        lines += ["/* Lines that have to be there for each row. */"]
        lines += _array("uint16_t", f"{name}_camera_needed", camera.needed)
    lines += [
        f"/* (value / 255 - mean) / deviation{', quantized' if port.type.quantization else ''}, for each channel. */",
        f"BTW_WEIGHTS static const {kind} {name}_camera_codes[{channels}][256] = {{",
        *[f"    {{\n{array_body(values)}\n    }}," for values in codes],
        "};",
        "",
        f"static const btw_camera {name}_camera_geometry = {{",
        f"    .width = {camera.width},",
        f"    .height = {camera.height},",
        f"    .right = {camera.left + camera.window_width - 1},",
        f"    .bottom = {camera.top + camera.window_height - 1},",
        f"    .channels = {channels},",
        f"    .columns = {name}_camera_columns,",
        f"    .rows = {name}_camera_rows,",
        "};",
        "",
        f"static void {name}_camera_row(btw_plane image, int oy, {kind} *row)",
        "{",
        f"    for (int ox = 0; ox < {camera.output_width}; ox++) {{",
        "        uint8_t values[3];",
        f"        btw_camera_{how}(&{name}_camera_geometry, btw_camera_{camera.format}{luma}, image, ox, oy, values);",
        f"        for (int c = 0; c < {channels}; c++)",
        f"            *row++ = {name}_camera_codes[c][values[c]];",
        "    }",
        "}",
        "",
        f"void {name}_camera_image(const uint8_t frame[{upper}_CAMERA_FRAME_BYTES], "
        f"{kind} {port.name}[{f'{upper}_{port.name}'.upper()}_SIZE])",
        "{",
        f"    const btw_plane image = {{frame, {camera.line_bytes}, {camera.height}, {camera.height}}};",
        f"    for (int oy = 0; oy < {camera.output_height}; oy++)",
        f"        {name}_camera_row(image, oy, {port.name} + oy * {row});",
        "}",
    ]
    return "\n".join(lines + (_pushed(name, upper, camera) if text.program.pushed else [])) + "\n"


def _pushed(name: str, upper: str, camera: Camera) -> list[str]:
    """begin and push_line."""
    image = f"    const btw_plane image = {{line, 0, 1, {camera.height}}};"
    keep = []
    if camera.lines > 1:
        slots = camera.lines
        image = f"    const btw_plane image = {{camera->lines, {camera.line_bytes}, {slots}, {camera.height}}};"
        keep = [f"    memcpy(camera->lines[camera->taken % {slots}], line, {camera.line_bytes});"]
    return [
        "",
        f"void {name}_camera_begin({name}_camera *camera, {name}_arena *arena)",
        "{",
        "    camera->taken = camera->made = 0;",
        f"    {name}_begin(arena);",
        "}",
        "",
        f"void {name}_camera_push_line({name}_camera *camera, {name}_arena *arena,",
        f"                      const uint8_t line[{upper}_CAMERA_LINE_BYTES])",
        "{",
        image,
        *keep,
        "    camera->taken++;",
        f"    while (camera->made < {camera.output_height} && {name}_camera_needed[camera->made] <= camera->taken) {{",
        f"        {name}_camera_row(image, camera->made++, camera->row);",
        f"        {name}_push_row(arena, camera->row);",
        "    }",
        "}",
    ]
