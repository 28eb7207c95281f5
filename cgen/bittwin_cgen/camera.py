"""Camera pixels to a network's input: what is computed, in whole numbers, and its numpy reference.

1. A pixel of the camera becomes red, green and blue of 8 bits (`decoded`); one channel is made of them where the
   network takes one: (77 R + 150 G + 29 B + 128) >> 8.
2. A window of the camera's image becomes the network's image (`resized`), 8 bits again. Pixels are squares. nearest
   takes pixel floor((x + 1/2) * window / image); bilinear weighs the two beside (x + 1/2) * window / image - 1/2 by
   256ths, both ways, and rounds once, halves up.
3. A value p becomes (p / 255 - mean) / deviation in float32, each step rounded, and that the code of QuantizeLinear
   with the input's scale and zero point: a table of 256 for each channel (`table`).

So the codes are those that QuantizeLinear gives for the float32 image (p / 255 - mean) / deviation, in every bit; only
steps 1 and 2 are of this file's own definition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.fixed_point import quantize_linear
from bittwin_cgen.ir import Array, TensorType

# Format: bits of a pixel. yuv422 is Y U Y V, uyvy422 U Y V Y, full range; bayer_rggb has red at the top left.
FORMATS = {
    "rgb888": 24,
    "rgb565be": 16,
    "rgb565le": 16,
    "yuv422": 16,
    "uyvy422": 16,
    "gray8": 8,
    "bayer_rggb": 8,
}
FITS = ("crop", "nearest", "bilinear", "crop+nearest", "crop+bilinear")
LARGEST = 4096
SYNTAX = "Write FORMAT:WIDTHxHEIGHT:FIT, for example rgb565be:160x120:crop, then :mean=0.5:deviation=0.25 if wanted"


@dataclass(frozen=True)
class Camera:
    """An image of `width` x `height` in one of FORMATS, the window of it that is taken, and the network's image.

    `mean` and `deviation` have a value for each channel, of pixels from 0 to 1.
    """

    format: str
    width: int
    height: int
    left: int
    top: int
    window_width: int
    window_height: int
    bilinear: bool
    output_width: int
    output_height: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def channels(self) -> int:
        return len(self.mean)

    @property
    def line_bytes(self) -> int:
        return self.width * FORMATS[self.format] // 8

    @property
    def frame_bytes(self) -> int:
        return self.line_bytes * self.height

    @property
    def columns(self) -> list[int]:
        """Of each column of the network's image the place in the camera's, in 256ths of a pixel."""
        return _places(self.output_width, self.window_width, self.left, self.bilinear)

    @property
    def rows(self) -> list[int]:
        """The same of each row."""
        return _places(self.output_height, self.window_height, self.top, self.bilinear)

    @property
    def around(self) -> int:
        """Lines above and below that a pixel is made of."""
        return int(self.format == "bayer_rggb")

    @property
    def lines(self) -> int:
        """Lines of the camera that one row is made of, at most."""
        return 1 + self.bilinear + 2 * self.around

    @property
    def needed(self) -> list[int]:
        """Of each row of the network's image the lines of the camera that have to be there, from the top."""
        bottom = self.top + self.window_height - 1
        lowest = [min((place >> 8) + self.bilinear, bottom) for place in self.rows]
        return [min(line + self.around, self.height - 1) + 1 for line in lowest]


def _places(count: int, window: int, start: int, bilinear: bool) -> list[int]:
    if not bilinear:
        return [(start + (2 * i + 1) * window // (2 * count)) << 8 for i in range(count)]
    middle = [(2 * i + 1) * window * 128 // count - 128 for i in range(count)]
    return [(start << 8) + min(max(place, 0), (window - 1) << 8) for place in middle]


def read_camera(text: str, input: TensorType) -> Camera:
    """The camera of an option's text for an input [1, 1 or 3, H, W]; raises BittwinError for what does not fit."""
    where = f"--camera {text}"
    if len(input.shape) != 4 or input.shape[0] != 1 or input.shape[1] not in (1, 3):
        raise BittwinError(where, f"the network takes {list(input.shape)}", "An image is [1, 1, H, W] or [1, 3, H, W]")
    if input.dtype not in ("int8", "float32") or (input.dtype == "int8" and input.quantization is None):
        raise BittwinError(
            where, f"the network takes {input.dtype} without a scale", "Quantize it with bittwin quantize"
        )
    _, channels, output_height, output_width = input.shape
    format, size, *rest = text.split(":") if ":" in text else (text, "")
    sizes = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    if format not in FORMATS:
        raise BittwinError(where, f"no format {format!r}", f"Choose one of: {' '.join(FORMATS)}. {SYNTAX}")
    if sizes is None:
        raise BittwinError(where, f"{size!r} is no size", SYNTAX)
    width, height = int(sizes[1]), int(sizes[2])
    if not (2 <= width <= LARGEST and 2 <= height <= LARGEST):
        raise BittwinError(where, f"an image of {width} x {height}", f"Its sides may be 2 to {LARGEST} pixels")
    if format in ("yuv422", "uyvy422") and width % 2:
        raise BittwinError(where, f"two pixels of {format} share their colour, and {width} is odd", "Use an even width")
    values = {"mean": (0.0,) * channels, "deviation": (1.0,) * channels}
    fit = None
    for word in rest:
        key, found, numbers = word.partition("=")
        if found and key in values:
            values[key] = _numbers(numbers, channels, where)
        elif word in FITS and fit is None:
            fit = word
        else:
            raise BittwinError(where, f"{word!r} is not understood", f"Fits are: {' '.join(FITS)}. {SYNTAX}")
    if not all(0 < value < np.inf for value in values["deviation"]):
        raise BittwinError(where, "a deviation is not above 0", "Give the one of training, of pixels from 0 to 1")
    fit = fit or ("crop" if (width, height) == (output_width, output_height) else "crop+bilinear")
    window_width, window_height = width, height
    if fit == "crop":
        if output_width > width or output_height > height:
            do = "Use crop+bilinear, or a larger image of the camera"
            raise BittwinError(where, f"the network's image of {output_width} x {output_height} is larger", do)
        window_width, window_height = output_width, output_height
    elif fit.startswith("crop+"):
        window_width = min(width, max(1, height * output_width // output_height))
        window_height = min(height, max(1, width * output_height // output_width))
    camera = Camera(
        format,
        width,
        height,
        (width - window_width) // 2,
        (height - window_height) // 2,
        window_width,
        window_height,
        fit.endswith("bilinear"),
        output_width,
        output_height,
        values["mean"],
        values["deviation"],
    )
    if not np.isfinite(reals(camera, np.array([[0] * channels, [255] * channels]))).all():
        what = f"a deviation of {min(camera.deviation):g} takes pixels beyond float32"
        raise BittwinError(where, what, "Give the one of training, of pixels from 0 to 1")
    return camera


def _numbers(text: str, count: int, where: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(np.float32(part)) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in (1, count) or not np.isfinite(numbers).all():
        raise BittwinError(where, f"{text!r} is not one number, or one for each of {count} channels", SYNTAX)
    return numbers * (count // len(numbers))


# ---------------------------------------------------------------- the reference


def reals(camera: Camera, values: Array) -> Array:
    """[..., channels] of 0..255 to float32 (p / 255 - mean) / deviation."""
    mean, deviation = (np.array(part, np.float32) for part in (camera.mean, camera.deviation))
    with np.errstate(over="ignore"):
        return np.asarray((values.astype(np.float32) / np.float32(255) - mean) / deviation)


def table(camera: Camera, input: TensorType) -> Array:
    """[channels, 256]: what the network takes for each value of a channel."""
    every = np.repeat(np.arange(256)[:, None], camera.channels, axis=1)
    real = reals(camera, every).T
    if input.quantization is None:
        return np.ascontiguousarray(real)
    return quantize_linear(real, np.float32(input.quantization.scale), input.quantization.zero_point)


def image(camera: Camera, frame: Array) -> Array:
    """[height, line_bytes] uint8 to the network's image [H, W, channels], 0..255."""
    return resized(camera, decoded(camera, frame))


def decoded(camera: Camera, frame: Array) -> Array:
    """[height, line_bytes] uint8 to [height, width, channels] 0..255."""
    colours = _colours(camera, frame.reshape(camera.height, camera.line_bytes).astype(np.int32))
    if camera.channels == 3:
        return colours
    if camera.format in ("yuv422", "uyvy422"):
        place = 0 if camera.format == "yuv422" else 1
        return frame.reshape(camera.height, camera.width, 2)[:, :, place, None].astype(np.int32)
    return (colours @ np.array([77, 150, 29]) + 128)[..., None] >> 8


def _colours(camera: Camera, frame: Array) -> Array:
    """[height, width, 3]"""
    if camera.format == "rgb888":
        return frame.reshape(camera.height, camera.width, 3)
    if camera.format == "gray8":
        return np.repeat(frame[:, :, None], 3, axis=2)
    if camera.format == "bayer_rggb":
        return _bayer(frame)
    first, second = frame[:, 0::2], frame[:, 1::2]
    if camera.format in ("rgb565be", "rgb565le"):
        word = first << 8 | second if camera.format == "rgb565be" else second << 8 | first
        red, green, blue = word >> 11, word >> 5 & 63, word & 31
        return np.stack([red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2], axis=2)
    luma, chroma = (first, second) if camera.format == "yuv422" else (second, first)
    u, v = (np.repeat(chroma[:, start::2], 2, axis=1) - 128 for start in (0, 1))
    # BT.601, full range: R = Y + 1.402 V, G = Y - 0.344136 U - 0.714136 V, B = Y + 1.772 U
    sums = [luma * 65536 + part for part in (91881 * v, -22554 * u - 46802 * v, 116130 * u)]
    return np.stack([(part + 32768 >> 16).clip(0, 255) for part in sums], axis=2)


def _bayer(frame: Array) -> Array:
    """Means of the two or four nearest of a colour, halves up; the image is mirrored at its edges."""
    around = np.pad(frame, 1, mode="reflect")
    height, width = frame.shape

    def at(dy: int, dx: int) -> Array:
        return around[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]

    beside, above = at(0, -1) + at(0, 1) + 1 >> 1, at(-1, 0) + at(1, 0) + 1 >> 1
    cross = at(0, -1) + at(0, 1) + at(-1, 0) + at(1, 0) + 2 >> 2
    corners = at(-1, -1) + at(-1, 1) + at(1, -1) + at(1, 1) + 2 >> 2
    odd_line, odd_column = (np.arange(size) % 2 == 1 for size in (height, width))
    odd_line = odd_line[:, None]
    here = odd_line * 2 + odd_column  # 0 red, 1 green beside red, 2 green beside blue, 3 blue
    red = np.choose(here, [frame, beside, above, corners])
    green = np.choose(here, [cross, frame, frame, cross])
    blue = np.choose(here, [corners, above, beside, frame])
    return np.stack([red, green, blue], axis=2)


def resized(camera: Camera, pixels: Array) -> Array:
    """[height, width, channels] to [output_height, output_width, channels]."""
    x, y = np.array(camera.columns), np.array(camera.rows)
    x0, y0 = x >> 8, y >> 8
    if not camera.bilinear:
        return pixels[y0][:, x0]
    x1 = np.minimum(x0 + 1, camera.left + camera.window_width - 1)
    y1 = np.minimum(y0 + 1, camera.top + camera.window_height - 1)
    fx, fy = (x & 255)[None, :, None], (y & 255)[:, None, None]
    above, below = (pixels[line][:, x0] * (256 - fx) + pixels[line][:, x1] * fx for line in (y0, y1))
    return above * (256 - fy) + below * fy + 32768 >> 16
