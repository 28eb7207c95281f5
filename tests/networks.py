"""Whole networks of the architectures that users bring, small: torch modules and the shapes they take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Network:
    """`make` gives the module; input shape with its batch."""

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]


def block(
    channels: int, out: int, kernel: int = 3, stride: int = 1, act: Callable[[], nn.Module] = nn.ReLU, **more: int
):
    """Convolution, batch normalization, activation."""
    pads = kernel // 2 * more.get("dilation", 1)
    convolution = nn.Conv2d(channels, out, kernel, stride, pads, bias=False, **more)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), act())


def head(channels: int, classes: int = 5) -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


class UNet(nn.Module):
    """Ronneberger et al. 2015: halves, doubles, and joins what has the same size."""

    def __init__(self, transposed: bool) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = block(3, 8), block(8, 16), block(16, 24)
        if transposed:
            self.up2: nn.Module = nn.ConvTranspose2d(24, 16, 2, 2)
            self.up1: nn.Module = nn.ConvTranspose2d(16, 8, 3, 2, padding=1, output_padding=1)
        else:
            self.up2 = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(24, 16, 1))
            self.up1 = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(16, 8, 1))
        self.join2, self.join1, self.out = block(32, 16), block(16, 8), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(functional.max_pool2d(one, 2))
        y = self.bottom(functional.max_pool2d(two, 2))
        y = self.join2(torch.cat([self.up2(y), two], 1))
        return self.out(self.join1(torch.cat([self.up1(y), one], 1)))


class Fire(nn.Module):
    """SqueezeNet, Iandola et al. 2016."""

    def __init__(self, channels: int, squeezed: int, out: int) -> None:
        super().__init__()
        self.squeeze = nn.Sequential(nn.Conv2d(channels, squeezed, 1), nn.ReLU())
        self.one = nn.Sequential(nn.Conv2d(squeezed, out, 1), nn.ReLU())
        self.three = nn.Sequential(nn.Conv2d(squeezed, out, 3, padding=1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x)
        return torch.cat([self.one(x), self.three(x)], 1)


def squeeze_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, stride=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(12, 4, 8),
        Fire(16, 4, 8),
        nn.Dropout(),
        nn.Conv2d(16, 5, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


class ShuffleUnit(nn.Module):
    """ShuffleNetV2, Ma et al. 2018: half of the channels pass, then all are shuffled."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(
            block(half, half, 1), block(half, half, 3, act=nn.Identity, groups=half), block(half, half, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        kept, changed = x.chunk(2, 1)
        y = torch.cat([kept, self.branch(changed)], 1)
        n, c, h, w = y.shape
        return y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class GroupShuffle(nn.Module):
    """ShuffleNetV1, Zhang et al. 2017: grouped 1x1 convolutions with a shuffle between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle = block(12, 12, 1, groups=3), block(12, 12, 3, act=nn.Identity, groups=12)
        self.last = block(12, 12, 1, act=nn.Identity, groups=3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        n, c, h, w = y.shape
        y = y.view(n, 3, c // 3, h, w).transpose(1, 2).reshape(n, c, h, w)
        return functional.relu(x + self.last(self.middle(y)))


class SqueezeExcite(nn.Module):
    """Hu et al. 2018."""

    def __init__(self, channels: int, gate: Callable[[], nn.Module], act: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, 4, 1), act(), nn.Conv2d(4, channels, 1), gate()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.layers(x)


class Residual(nn.Module):
    def __init__(self, *layers: nn.Module, after: nn.Module | None = None) -> None:
        super().__init__()
        self.layers, self.after = nn.Sequential(*layers), after or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.after(x + self.layers(x))


def mobile_net_v3() -> nn.Module:
    """Howard et al. 2019: HardSwish, squeeze-and-excitation with HardSigmoid."""
    inner = [
        block(8, 24, 1, act=nn.Hardswish),
        block(24, 24, 5, act=nn.Hardswish, groups=24),
        SqueezeExcite(24, nn.Hardsigmoid),
        block(24, 8, 1, act=nn.Identity),
    ]
    return nn.Sequential(block(3, 8, stride=2, act=nn.Hardswish), Residual(*inner), head(8))


def efficient_net() -> nn.Module:
    """Tan and Le 2019: SiLU, squeeze-and-excitation with Sigmoid."""
    inner = [
        block(8, 16, 1, act=nn.SiLU),
        block(16, 16, 3, act=nn.SiLU, groups=16),
        SqueezeExcite(16, nn.Sigmoid, nn.SiLU),
        block(16, 8, 1, act=nn.Identity),
    ]
    return nn.Sequential(block(3, 8, stride=2, act=nn.SiLU), Residual(*inner), head(8))


class Dense(nn.Module):
    """DenseNet, Huang et al. 2017: normalization comes first, each layer reads all before it."""

    def __init__(self, channels: int, growth: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(channels + i * growth), nn.ReLU(), nn.Conv2d(channels + i * growth, growth, 3, padding=1)
            )
            for i in range(layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


class Inception(nn.Module):
    """GoogLeNet, Szegedy et al. 2015."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.three = block(8, 4, 1), nn.Sequential(block(8, 4, 1), block(4, 6))
        self.five = nn.Sequential(block(8, 2, 1), block(2, 4, 5))
        self.pool = nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), block(8, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)


class FeaturePyramid(nn.Module):
    """Lin et al. 2017: three outputs of one width."""

    def __init__(self) -> None:
        super().__init__()
        self.c1, self.c2, self.c3 = block(3, 8, stride=2), block(8, 16, stride=2), block(16, 24, stride=2)
        self.l1, self.l2, self.l3 = (nn.Conv2d(channels, 8, 1) for channels in (8, 16, 24))
        self.smooth = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        one = self.c1(x)
        two = self.c2(one)
        top = self.l3(self.c3(two))
        middle = self.l2(two) + functional.interpolate(top, scale_factor=2)
        bottom = self.l1(one) + functional.interpolate(middle, scale_factor=2)
        return top, middle, self.smooth(bottom)


class Yolo(nn.Module):
    """A YOLO-like head: LeakyReLU, upsampled and joined features, predictions with a Sigmoid."""

    def __init__(self) -> None:
        super().__init__()

        def leaky() -> nn.Module:
            return nn.LeakyReLU(0.1)

        self.first, self.second = block(3, 8, stride=2, act=leaky), block(8, 16, stride=2, act=leaky)
        self.third, self.joined = block(16, 16, stride=2, act=leaky), block(32, 16, 1, act=leaky)
        self.large, self.small = nn.Conv2d(16, 7, 1), nn.Conv2d(16, 7, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        two = self.second(self.first(x))
        three = self.third(two)
        joined = self.joined(torch.cat([functional.interpolate(three, scale_factor=2), two], 1))
        return self.large(three), torch.sigmoid(self.small(joined))


class TwoHeads(nn.Module):
    """SSD-like: boxes and classes of two feature maps, in rows of anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = block(3, 8, stride=2), block(8, 16, stride=2)
        self.boxes = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1)])
        self.classes = nn.ModuleList([nn.Conv2d(8, 6, 3, padding=1), nn.Conv2d(16, 6, 3, padding=1)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        one = self.one(x)
        maps = [one, self.two(one)]

        def rows(heads: nn.ModuleList, size: int) -> Tensor:
            parts = [h(m).permute(0, 2, 3, 1).reshape(1, -1, size) for h, m in zip(heads, maps, strict=True)]
            return torch.cat(parts, 1)

        return rows(self.boxes, 4), functional.softmax(rows(self.classes, 3), -1)


def dilated_context() -> nn.Module:
    """Yu and Koltun 2016."""
    layers = [block(8, 8, dilation=dilation) for dilation in (1, 2, 4)]
    return nn.Sequential(block(3, 8), *layers, nn.Conv2d(8, 3, 1))


def waves() -> nn.Module:
    """1-D convolutions over a signal."""
    return nn.Sequential(
        nn.Conv1d(2, 8, 7, stride=2, padding=3),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(8, 8, 3, padding=2, dilation=2, groups=8),
        nn.ReLU(),
        nn.Conv1d(8, 12, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(12, 4),
    )


def bottleneck() -> nn.Module:
    """ResNet-50's block, He et al. 2016, and its normalizations."""
    inner = [block(16, 4, 1), block(4, 4), block(4, 16, 1, act=nn.Identity)]
    return nn.Sequential(block(3, 16, 7, stride=2), nn.MaxPool2d(3, 2, 1), Residual(*inner, after=nn.ReLU()), head(16))


class Ghost(nn.Module):
    """GhostNet, Han et al. 2020: cheap features joined to real ones, and cut to size."""

    def __init__(self) -> None:
        super().__init__()
        self.real, self.cheap = block(3, 7), block(7, 7, groups=7)

    def forward(self, x: Tensor) -> Tensor:
        real = self.real(x)
        return torch.cat([real, self.cheap(real)], 1)[:, :12]


def face_net() -> nn.Module:
    """MTCNN-like: PReLU with a slope a channel, pools that round up."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3),
        nn.PReLU(6),
        nn.MaxPool2d(2, 2, ceil_mode=True),
        nn.Conv2d(6, 8, 3),
        nn.PReLU(8),
        nn.Conv2d(8, 2, 1),
        nn.Softmax(1),
    )


def super_resolution() -> nn.Module:
    """ESPCN, Shi et al. 2016."""
    return nn.Sequential(nn.Conv2d(1, 12, 5, padding=2), nn.Tanh(), nn.Conv2d(12, 4, 3, padding=1), nn.PixelShuffle(2))


class RepVgg(nn.Module):
    """Ding et al. 2021, before its branches are merged."""

    def __init__(self) -> None:
        super().__init__()
        self.first = block(3, 8)
        self.three, self.one = block(8, 8, act=nn.Identity), block(8, 8, 1, act=nn.Identity)
        self.same = nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return functional.relu(self.three(x) + self.one(x) + self.same(x))


class Aspp(nn.Module):
    """DeepLabV3, Chen et al. 2017: dilated branches, and one that sees the whole image."""

    def __init__(self) -> None:
        super().__init__()
        self.first = block(3, 8, stride=2)
        self.branches = nn.ModuleList([block(8, 4, 1), block(8, 4, dilation=2), block(8, 4, dilation=3)])
        self.image = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 4, 1), nn.ReLU())
        self.out = nn.Conv2d(16, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        image = functional.interpolate(self.image(x), size=x.shape[2:])
        y = self.out(torch.cat([*(branch(x) for branch in self.branches), image], 1))
        return functional.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)


class Attention(nn.Module):
    """CBAM, Woo et al. 2018: a gate a channel, then a gate a pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.gate = block(3, 8), nn.Conv2d(2, 1, 7, padding=3)
        self.dense = nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU(), nn.Conv2d(4, 8, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        mean, most = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
        x = x * torch.sigmoid(self.dense(mean) + self.dense(most))
        seen = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.gate(seen))


class ConvNext(nn.Module):
    """Liu et al. 2022: LayerNorm over channels, Linear on the last axis, GELU."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 4, 4)
        self.mix, self.norm = nn.Conv2d(8, 8, 7, padding=3, groups=8), nn.LayerNorm(8)
        self.wide, self.back = nn.Linear(8, 16), nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        y = self.norm(self.mix(x).permute(0, 2, 3, 1))
        y = self.back(functional.gelu(self.wide(y))).permute(0, 3, 1, 2)
        return x + y


def style_transfer() -> nn.Module:
    """Johnson et al. 2016 with instance normalization and reflected borders."""
    return nn.Sequential(
        nn.ReflectionPad2d(2),
        nn.Conv2d(3, 6, 5),
        nn.InstanceNorm2d(6, affine=True),
        nn.ReLU(),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(6, 3, 3, padding=1, padding_mode="reflect"),
        nn.Tanh(),
    )


def auto_encoder() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 6, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 1, 4, stride=2, padding=1, groups=1),
        nn.Sigmoid(),
    )


class CrossStage(nn.Module):
    """CSPNet, Wang et al. 2020, with Mish: split, one part through layers, joined."""

    def __init__(self) -> None:
        super().__init__()
        self.first = block(3, 12, act=nn.Mish)
        self.part = nn.Sequential(block(4, 4, 1, act=nn.Mish), block(4, 4, act=nn.Mish))
        self.last = block(12, 6, 1, act=nn.Mish)

    def forward(self, x: Tensor) -> Tensor:
        one, two, three = torch.split(self.first(x), [4, 4, 4], 1)
        return self.last(torch.cat([one, self.part(two), three], 1))


class VisionTransformer(nn.Module):
    """Dosovitskiy et al. 2021: patches as tokens, a class token, one block of attention."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.norm1, self.norm2 = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8), nn.LayerNorm(8)
        self.first, self.places = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 17, 8))
        self.mixed, self.joined = nn.Linear(8, 24), nn.Linear(8, 8)
        self.dense = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.out = nn.Linear(8, 5)

    def attention(self, x: Tensor) -> Tensor:
        query, key, value = self.mixed(x).reshape(-1, 17, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        weights = functional.softmax(query * 0.5 @ key.transpose(-2, -1), -1)
        return self.joined((weights @ value).transpose(1, 2).reshape(-1, 17, 8))

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(len(x), 1, 8), tokens], 1) + self.places
        x = x + self.attention(self.norm1(x))
        return self.out((x + self.dense(self.norm2(x)))[:, 0])


class YoloV8(nn.Module):
    """Jocher et al. 2023: pools in a row, split features, distances as mean of a distribution, boxes in pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.pooled = block(3, 8, stride=2, act=nn.SiLU), nn.MaxPool2d(5, 1, 2)
        self.joined, self.part = block(32, 12, 1, act=nn.SiLU), block(6, 6, act=nn.SiLU)
        self.boxes, self.classes = nn.Conv2d(18, 16, 1), nn.Conv2d(18, 3, 1)
        self.mean = nn.Conv2d(4, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.first(x)]
        for _ in range(3):
            parts.append(self.pooled(parts[-1]))
        halves = list(self.joined(torch.cat(parts, 1)).chunk(2, 1))
        features = torch.cat([*halves, self.part(halves[-1])], 1)
        shares = self.boxes(features).view(-1, 4, 4, 64).transpose(2, 1).softmax(1)
        near, far = self.mean(shares).view(-1, 4, 64).chunk(2, 1)
        places = torch.arange(8) + 0.5
        anchors = torch.stack([places.repeat(8), places.repeat_interleave(8)])[None]
        box = torch.cat([(anchors - near + anchors + far) / 2, near + far], 1) * 2
        return torch.cat([box, torch.sigmoid(self.classes(features).flatten(2))], 1)


class BlazeFace(nn.Module):
    """Bazarevsky et al. 2019: pads on two sides, channels padded where a residual grows, rows of anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 5, 2)
        self.wide, self.deep = nn.Conv2d(8, 8, 5, 2, groups=8), nn.Conv2d(8, 12, 1)
        self.scores, self.boxes = nn.Conv2d(12, 2, 1), nn.Conv2d(12, 8, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.relu(self.first(functional.pad(x, (1, 2, 1, 2))))
        kept = functional.pad(functional.max_pool2d(x, 2), (0, 0, 0, 0, 0, 4))
        x = functional.relu(self.deep(self.wide(functional.pad(x, (1, 2, 1, 2)))) + kept)
        boxes = self.boxes(x).permute(0, 2, 3, 1).reshape(len(x), -1, 4)
        return boxes, self.scores(x).permute(0, 2, 3, 1).reshape(len(x), -1, 1)


class Landmarks(nn.Module):
    """PFLD, Guo et al. 2019: means of three sizes of features, two by pools of the whole image."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = block(3, 8, stride=2), block(8, 12, stride=2)
        self.three, self.out = block(12, 12, stride=2), nn.Linear(32, 6)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)
        two = self.two(one)
        pooled = [functional.avg_pool2d(y, y.shape[-1]).flatten(1) for y in (one, two)]
        return self.out(torch.cat([*pooled, self.three(two).mean((2, 3))], 1))


class CausalBlock(nn.Module):
    """TCN, Bai et al. 2018: padded on both sides, cut on one."""

    def __init__(self, channels: int, out: int, dilation: int) -> None:
        super().__init__()
        self.cut = 2 * dilation
        self.layer = nn.Conv1d(channels, out, 3, padding=self.cut, dilation=dilation)
        self.same = nn.Conv1d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(functional.relu(self.layer(x)[:, :, : -self.cut]) + self.same(x))


class LastOfAll(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, -1]


class CoordinateAttention(nn.Module):
    """Hou et al. 2021: a gate a row times a gate a column."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.both = block(3, 8), block(8, 8, 1, act=nn.Hardswish)
        self.rows, self.columns = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)
        rows, columns = torch.split(self.both(torch.cat([rows, columns], 2)), [x.shape[2], x.shape[3]], 2)
        return x * torch.sigmoid(self.rows(rows)) * torch.sigmoid(self.columns(columns.transpose(2, 3)))


def fast_super_resolution() -> nn.Module:
    """FSRCNN, Dong et al. 2016: thin layers at low resolution, one wide transposed convolution."""
    thin = [
        nn.Conv2d(8, 4, 1),
        nn.PReLU(4),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.PReLU(4),
        nn.Conv2d(4, 8, 1),
        nn.PReLU(8),
    ]
    last = nn.ConvTranspose2d(8, 1, 9, 3, padding=4, output_padding=2)
    return nn.Sequential(nn.Conv2d(1, 8, 5, padding=2), nn.PReLU(8), *thin, last)


def normalized_over_channels() -> nn.Module:
    """AlexNet, Krizhevsky et al. 2012."""
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2), head(8))


IMAGE = (1, 3, 16, 16)
NETWORKS = {
    "u_net": Network(lambda: UNet(True), IMAGE),
    "u_net_upsampled": Network(lambda: UNet(False), IMAGE),
    "squeeze_net": Network(squeeze_net, (1, 3, 21, 21)),
    "shuffle_net_v1": Network(lambda: nn.Sequential(block(3, 12), GroupShuffle(), head(12)), IMAGE),
    "shuffle_net_v2": Network(lambda: nn.Sequential(block(3, 8), ShuffleUnit(8), ShuffleUnit(8), head(8)), IMAGE),
    "mobile_net_v3": Network(mobile_net_v3, IMAGE),
    "efficient_net": Network(efficient_net, IMAGE),
    "dense_net": Network(lambda: nn.Sequential(nn.Conv2d(3, 6, 3), Dense(6, 4, 3), nn.AvgPool2d(2), head(18)), IMAGE),
    "inception": Network(lambda: nn.Sequential(block(3, 8, stride=2), Inception(), head(18)), IMAGE),
    "feature_pyramid": Network(FeaturePyramid, IMAGE),
    "yolo": Network(Yolo, IMAGE),
    "two_heads": Network(TwoHeads, IMAGE),
    "dilated_context": Network(dilated_context, IMAGE),
    "waves": Network(waves, (1, 2, 50)),
    "bottleneck": Network(bottleneck, (1, 3, 22, 22)),
    "ghost_net": Network(lambda: nn.Sequential(Ghost(), head(12)), IMAGE),
    "face_net": Network(face_net, (1, 3, 17, 15)),
    "super_resolution": Network(super_resolution, (1, 1, 10, 12)),
    "rep_vgg": Network(lambda: nn.Sequential(RepVgg(), head(8)), IMAGE),
    "aspp": Network(Aspp, IMAGE),
    "attention": Network(lambda: nn.Sequential(Attention(), head(8)), IMAGE),
    "conv_next": Network(lambda: nn.Sequential(ConvNext(), head(8)), IMAGE),
    "style_transfer": Network(style_transfer, (1, 3, 12, 12)),
    "auto_encoder": Network(auto_encoder, (1, 1, 16, 16)),
    "cross_stage": Network(CrossStage, IMAGE),
    "vision_transformer": Network(VisionTransformer, IMAGE),
    "yolo_v8": Network(YoloV8, IMAGE),
    "blaze_face": Network(BlazeFace, IMAGE),
    "landmarks": Network(Landmarks, (1, 3, 24, 24)),
    "temporal": Network(
        lambda: nn.Sequential(CausalBlock(4, 8, 1), CausalBlock(8, 8, 2), LastOfAll(), nn.Linear(8, 3)), (1, 4, 20)
    ),
    "coordinate_attention": Network(lambda: nn.Sequential(CoordinateAttention(), head(8)), (1, 3, 12, 16)),
    "fast_super_resolution": Network(fast_super_resolution, (1, 1, 7, 9)),
    "normalized_over_channels": Network(normalized_over_channels, IMAGE),
}
