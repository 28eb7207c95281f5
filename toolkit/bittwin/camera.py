"""The C between a camera and a network, on this machine, against its numpy reference: frames, and line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cffi
import numpy as np

from bittwin.builder import FLAGS, compile_files
from bittwin.emulation import host_files
from bittwin.runner import Port, Samples
from bittwin_cgen import BittwinError
from bittwin_cgen.camera import Camera, image, reals, table
from bittwin_cgen.ir import Array, GeneratedModel, TensorType

INTERFACE = """
void harness_image(const uint8_t *frame, void *input);
void harness_run(const void *input, void *const outputs[]);
void harness_lines(const uint8_t *frame, void *const outputs[]);
"""


class CameraLibrary:
    """A generated model and the C in front of it, in this process."""

    def __init__(self, model: GeneratedModel, camera: Camera) -> None:
        self.camera, self.facts = camera, model.manifest
        files = {**host_files(model), "harness.c": _harness(model.manifest)}
        sources = [f"{model.name}{part}.c" for part in ("", "_weights", "_camera")] + ["harness.c"]
        self._ffi = cffi.FFI()
        self._ffi.cdef(INTERFACE)
        path = compile_files(files, sources, [*FLAGS, "-fPIC", "-shared"], ".so")
        self._library: Any = self._ffi.dlopen(str(path))

    def image(self, frame: Array) -> Array:
        """[H, line_bytes] uint8 to what run takes, [H, W, channels]."""
        frame = np.ascontiguousarray(frame)
        shape = self.camera.output_height, self.camera.output_width, self.camera.channels
        taken = np.empty(shape, self.facts["inputs"][0]["dtype"])
        self._library.harness_image(self._bytes(frame), self._ffi.cast("void *", taken.ctypes.data))
        return taken

    def run(self, taken: Array) -> list[Array]:
        """The outputs for such an input, flat."""
        outputs, pointers = self._outputs()
        self._library.harness_run(self._ffi.cast("void *", taken.ctypes.data), pointers)
        return outputs

    def lines(self, frame: Array) -> list[Array]:
        """The outputs for a frame that comes line by line; only where rows can be pushed."""
        frame = np.ascontiguousarray(frame)
        outputs, pointers = self._outputs()
        self._library.harness_lines(self._bytes(frame), pointers)
        return outputs

    def _bytes(self, frame: Array) -> Any:
        return self._ffi.cast("const uint8_t *", frame.ctypes.data)

    def _outputs(self) -> tuple[list[Array], Any]:
        outputs = [np.empty(int(np.prod(port["shape"])), port["dtype"]) for port in self.facts["outputs"]]
        pointers = [self._ffi.cast("void *", values.ctypes.data) for values in outputs]
        return outputs, self._ffi.new("void *[]", pointers)


def _harness(facts: Mapping[str, Any]) -> str:
    """One interface for all models. Memory is static: it is a library of one model, called by one thread."""
    name = facts["name"]
    results = ", ".join(f"outputs[{i}]" for i in range(len(facts["outputs"])))
    lines = f"""
    static {name}_camera camera;
    {name}_camera_begin(&camera, &arena);
    for (int y = 0; y < {name.upper()}_CAMERA_HEIGHT; y++)
        {name}_camera_push_line(&camera, &arena, frame + y * {name.upper()}_CAMERA_LINE_BYTES);
    {name}_output(&arena, {results});"""
    return f"""#include "{name}_camera.h"
{INTERFACE}
static {name}_arena arena;

void harness_image(const uint8_t *frame, void *input)
{{
    {name}_camera_image(frame, input);
}}

void harness_run(const void *input, void *const outputs[])
{{
    {name}_run(&arena, input, {results});
}}

void harness_lines(const uint8_t *frame, void *const outputs[])
{{
    (void)frame, (void)outputs;{lines if facts["pushed"] else ""}
}}
"""


def camera_of(model: GeneratedModel) -> Camera:
    """The camera that a model was generated for."""
    return Camera(**model.manifest["camera"])


def draw_frames(camera: Camera, count: int, seed: int = 0) -> Array:
    """[count, height, line_bytes] of random bytes: every value of every part of a pixel occurs."""
    return np.random.default_rng(seed).integers(0, 256, (count, camera.height, camera.line_bytes), np.uint8)


def input_type(model: GeneratedModel) -> TensorType:
    """Of the input of a model that has one."""
    graph = model.program.graph
    return graph.types[graph.inputs[0].tensor]


def taken_values(model: GeneratedModel, pixels: Array) -> Array:
    """The reference: [H, W, channels] of 0..255 to what run takes."""
    camera = camera_of(model)
    return table(camera, input_type(model))[np.arange(camera.channels), pixels]


def camera_samples(model: GeneratedModel, port: Port, frames: Array) -> Samples:
    """What the ONNX file takes for frames: (p / 255 - mean) / deviation, or codes, [N, channels, H, W]."""
    camera = camera_of(model)
    images = np.stack([image(camera, frame) for frame in frames])
    if port.dtype == "float32":
        values = reals(camera, images)
    else:
        quantization = input_type(model).quantization
        offset = quantization.offset if quantization else 0
        codes = np.stack([taken_values(model, pixels) for pixels in images])
        values = (codes.astype(np.int16) + offset).astype(port.dtype)
    return Samples({port.name: np.ascontiguousarray(np.moveaxis(values, -1, 1))})


def compare_camera(model: GeneratedModel, frames: Array) -> tuple[int, int, float]:
    """(values compared, values that differ, largest difference) of the C and the reference.

    Raises BittwinError where lines one by one do not lead to the outputs of the whole frame.
    """
    camera = camera_of(model)
    library = CameraLibrary(model, camera)
    compared = differ = 0
    largest = 0.0
    for frame in frames:
        mine, expected = library.image(frame), taken_values(model, image(camera, frame))
        error = np.abs(mine.astype(np.float64) - expected)
        compared, differ, largest = compared + mine.size, differ + int((error != 0).sum()), max(largest, error.max())
        if model.manifest["pushed"]:
            whole, pushed = library.run(mine), library.lines(frame)
            if any(a.tobytes() != b.tobytes() for a, b in zip(whole, pushed, strict=True)):
                raise BittwinError(model.name, "a camera's lines give other outputs than its frame", "Report this bug")
    return compared, differ, float(largest)
