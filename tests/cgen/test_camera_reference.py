"""The camera's reference: its tables are QuantizeLinear's, its resizing onnxruntime's to within the last bit of 8."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from bittwin_cgen import BittwinError
from bittwin_cgen.camera import FITS, FORMATS, Camera, decoded, read_camera, resized, table
from bittwin_cgen.ir import Quantization, TensorType

Array = NDArray[Any]
COLOUR = TensorType((1, 3, 24, 32), "int8", Quantization(float(np.float32(0.0183)), 3))
GREY = TensorType((1, 1, 24, 32), "float32")


def camera(text: str, input: TensorType = COLOUR) -> Camera:
    return read_camera(text, input)


def frame(made: Camera, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (made.height, made.line_bytes), np.uint8)


def run(nodes: list[onnx.NodeProto], constants: dict[str, Array], x: Array, element: int) -> Array:
    """What onnxruntime makes of x; the last node gives y."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", element, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


# ---------------------------------------------------------------- tables: every value of every channel


@pytest.mark.parametrize("seed", range(20))
def test_table_is_what_onnxruntime_quantizes(seed: int) -> None:
    """All 256 values of three channels: x / 255, minus the mean, by the deviation, QuantizeLinear."""
    random = np.random.default_rng(seed)
    mean, deviation = (random.uniform(0.05, 0.6, 3).astype(np.float32) for _ in range(2))
    scale = np.float32(random.uniform(0.004, 0.05)) if seed % 4 else np.float32(2.0**-6)
    zero_point = int(random.integers(-128, 128))
    text = [",".join(f"{v:.9g}" for v in values) for values in (mean, deviation)]
    input = TensorType((1, 3, 24, 32), "int8", Quantization(float(scale), zero_point))
    made = camera(f"rgb888:32x24:crop:mean={text[0]}:deviation={text[1]}", input)
    x = np.repeat(np.arange(256, dtype=np.float32)[None, None, :], 3, axis=1)
    constants = {"255": np.float32(255), "scale": scale, "zero_point": np.int8(zero_point)}
    constants |= {"mean": mean.reshape(1, 3, 1), "deviation": deviation.reshape(1, 3, 1)}
    nodes = [
        helper.make_node("Div", ["x", "255"], ["unit"]),
        helper.make_node("Sub", ["unit", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "deviation"], ["real"]),
        helper.make_node("QuantizeLinear", ["real", "scale", "zero_point"], ["y"]),
    ]
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    assert (table(made, input) == run(nodes, arrays, x, onnx.TensorProto.INT8)[0]).all()


def test_table_of_a_float_network_is_its_values() -> None:
    made = camera("gray8:32x24:crop:mean=0.5:deviation=0.25", GREY)
    expected = (np.arange(256, dtype=np.float32) / np.float32(255) - np.float32(0.5)) / np.float32(0.25)
    assert table(made, GREY).dtype == np.float32
    assert (table(made, GREY)[0] == expected).all()


# ---------------------------------------------------------------- pixel formats


@pytest.mark.parametrize("order", ["be", "le"])
def test_rgb565_spreads_every_value_over_all_of_eight_bits(order: str) -> None:
    made = camera(f"rgb565{order}:256x256:nearest")
    words = np.arange(1 << 16, dtype=">u2" if order == "be" else "<u2").reshape(256, 256)
    found = decoded(made, words.view(np.uint8))
    native = words.astype(np.int32)
    for channel, (part, most) in enumerate(((native >> 11, 31), (native >> 5 & 63, 63), (native & 31, 31))):
        assert np.abs(found[..., channel] - part * 255 / most).max() <= 1
        assert {int(found[..., channel][part == end].max()) for end in (0, most)} == {0, 255}


@pytest.mark.parametrize("format", ["yuv422", "uyvy422"])
def test_yuv_is_bt601_of_full_range(format: str) -> None:
    """All of U and V at 18 values of Y, against the float formula."""
    lumas = np.arange(0, 256, 15, dtype=np.uint8)
    y, u, v = (part.reshape(-1) for part in np.meshgrid(lumas, np.arange(256), np.arange(256), indexing="ij"))
    order = (y, u, y, v) if format == "yuv422" else (u, y, v, y)
    bytes = np.stack(order, axis=1).astype(np.uint8).reshape(18 * 64, -1)
    made = Camera(format, bytes.shape[1] // 2, 18 * 64, 0, 0, 1, 1, False, 1, 1, (0.0,) * 3, (1.0,) * 3)
    found = decoded(made, bytes).reshape(-1, 2, 3)
    u, v = u - 128.0, v - 128.0
    exact = np.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], axis=1).clip(0, 255)
    assert (found[:, 0] == found[:, 1]).all()
    assert np.abs(found[:, 0] - exact).max() < 0.51


def test_bayer_gives_a_flat_colour_back_and_keeps_what_was_measured() -> None:
    made = camera("bayer_rggb:9x7:nearest")
    flat = np.zeros((7, 9, 3), np.int32) + np.array([200, 90, 30])
    raw = flat[..., 1].copy()
    raw[0::2, 0::2], raw[1::2, 1::2] = flat[0::2, 0::2, 0], flat[1::2, 1::2, 2]
    assert (decoded(made, raw.astype(np.uint8)) == flat).all()
    noise = frame(made)
    found = decoded(made, noise)
    assert (found[0::2, 0::2, 0] == noise[0::2, 0::2]).all()
    assert (found[1::2, 1::2, 2] == noise[1::2, 1::2]).all()
    assert (found[0::2, 1::2, 1] == noise[0::2, 1::2]).all() and (found[1::2, 0::2, 1] == noise[1::2, 0::2]).all()
    inner = noise.astype(int)
    assert found[2, 2, 1] == (inner[1, 2] + inner[3, 2] + inner[2, 1] + inner[2, 3] + 2) // 4
    assert found[2, 2, 2] == (inner[1, 1] + inner[1, 3] + inner[3, 1] + inner[3, 3] + 2) // 4
    assert (
        found[2, 3, 0] == (inner[2, 2] + inner[2, 4] + 1) // 2
        and found[2, 3, 2] == (inner[1, 3] + inner[3, 3] + 1) // 2
    )


@pytest.mark.parametrize("format", FORMATS)
def test_one_channel_is_luma_of_the_colours(format: str) -> None:
    made, colour = camera(f"{format}:40x30", GREY), camera(f"{format}:40x30")
    pixels = frame(made)
    rgb = decoded(colour, pixels)
    exact = rgb @ np.array([0.299, 0.587, 0.114])
    clamped = (rgb == 0).any(axis=2) | (rgb == 255).any(axis=2)
    error = np.abs(decoded(made, pixels)[..., 0] - exact)
    assert error[~clamped].max() <= 1.5
    grey = camera("gray8:40x30", GREY)
    assert (decoded(grey, pixels[:, :40])[..., 0] == pixels[:, :40]).all()


# ---------------------------------------------------------------- windows and sizes


@pytest.mark.parametrize("size", [(96, 72), (33, 51), (16, 12), (32, 24), (31, 23)])
@pytest.mark.parametrize("fit", ["nearest", "bilinear"])
def test_resizing_is_that_of_onnxruntime(fit: str, size: tuple[int, int]) -> None:
    """Resize, half_pixel: nearest in every bit, bilinear to within its 256ths and the rounding to 8 bits."""
    made = camera(f"rgb888:{size[0]}x{size[1]}:{fit}")
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3))
    x = np.moveaxis(pixels, 2, 0)[None].astype(np.float32)
    options = {"mode": "nearest", "nearest_mode": "round_prefer_ceil"} if fit == "nearest" else {"mode": "linear"}
    node = helper.make_node(
        "Resize", ["x", "", "", "sizes"], ["y"], coordinate_transformation_mode="half_pixel", **options
    )
    sizes = {"sizes": np.array([1, 3, made.output_height, made.output_width])}
    expected = np.moveaxis(run([node], sizes, x, onnx.TensorProto.FLOAT)[0], 0, 2)
    error = np.abs(resized(made, pixels) - expected)
    assert error.max() <= (0 if fit == "nearest" else 0.5 + 255 * 2 / 256)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("rgb888:160x120:crop", (64, 48, 32, 24)),
        ("rgb888:160x120:nearest", (0, 0, 160, 120)),
        ("rgb888:160x120:crop+bilinear", (0, 0, 160, 120)),
        ("rgb888:160x160:crop+nearest", (0, 20, 160, 120)),
        ("rgb888:320x120", (80, 0, 160, 120)),
        ("rgb888:32x24", (0, 0, 32, 24)),
    ],
)
def test_windows_lie_in_the_middle(text: str, window: tuple[int, int, int, int]) -> None:
    made = camera(text)
    assert (made.left, made.top, made.window_width, made.window_height) == window
    places = [*made.columns, *made.rows]
    assert min(places) >= 0 and max(made.columns) >> 8 < made.left + made.window_width
    if made.output_width == made.window_width:
        assert made.columns == [made.left + i << 8 for i in range(32)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rgb444:160x120:crop", "no format 'rgb444'"),
        ("rgb888", "'' is no size"),
        ("rgb888:160", "'160' is no size"),
        ("rgb888:160x120:stretch", "'stretch' is not understood"),
        ("rgb888:160x120:crop:bilinear", "'bilinear' is not understood"),
        ("rgb888:16x120:crop", "is larger"),
        ("yuv422:161x120", "161 is odd"),
        ("rgb888:99999x2", "an image of 99999 x 2"),
        ("rgb888:160x120:mean=0.1,0.2", "not one number"),
        ("rgb888:160x120:mean=a", "not one number"),
        ("rgb888:160x120:deviation=0", "a deviation is not above 0"),
        ("rgb888:160x120:deviation=1e-40", "beyond float32"),
        ("rgb888:160x120:mean=3e38:deviation=0.01", "beyond float32"),
        ("rgb888:160x120:mean=nan", "not one number"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(BittwinError) as raised:
        camera(text)
    assert message in raised.value.what
    assert raised.value.where == f"--camera {text}"


@pytest.mark.parametrize(
    "input",
    [
        TensorType((1, 2, 24, 32), "int8", COLOUR.quantization),
        TensorType((1, 10), "float32"),
        TensorType((4, 3, 24, 32), "float32"),
        TensorType((1, 3, 24, 32), "int8"),
    ],
)
def test_networks_without_an_image_are_refused(input: TensorType) -> None:
    with pytest.raises(BittwinError, match=r"the network takes"):
        camera("rgb888:160x120", input)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("format", FORMATS)
def test_needed_lines_are_the_last_that_a_row_reads(format: str, fit: str) -> None:
    """Whatever the lines below have, the rows above them stay as they are; and the one before is not enough."""
    made = camera(f"{format}:48x40:{fit}")
    pixels, needed = frame(made), made.needed
    whole = resized(made, decoded(made, pixels))
    assert needed == sorted(needed) and needed[-1] <= 40
    for row in (0, 1, 11, 23):
        changed = pixels.copy()
        changed[needed[row] :] ^= 0xFF
        assert (resized(made, decoded(made, changed))[row] == whole[row]).all()
        changed = pixels.copy()
        changed[needed[row] - 1] ^= 0xFF
        read = not made.bilinear or made.rows[row] & 255  # else the line below has no weight
        assert not read or (resized(made, decoded(made, changed))[row] != whole[row]).any()
        changed = pixels.copy()
        changed[: max(0, needed[row] - made.lines)] ^= 0xFF
        assert (resized(made, decoded(made, changed))[row] == whole[row]).all()
