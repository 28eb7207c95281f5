"""What to use instead of an operator that is not supported: the smallest change to the network."""

_OUTSIDE = "End the model before it, and do it in the firmware"
_UNKNOWN_SIZE = f"How large its result is depends on the values. {_OUTSIDE}"
_FIXED = "Export with a fixed number of steps: torch.export unrolls loops and drops branches that are not taken"
_RECURRENT = "Use convolutions along time instead of recurrent layers"
_NOISE = "Remove it for inference: it draws random values"
_STRINGS = f"Text and tables are no images. {_OUTSIDE}"

ALTERNATIVES = {
    "Attention": "Write it as MatMul, Softmax and MatMul",
    "Bernoulli": _NOISE,
    "Compress": _UNKNOWN_SIZE,
    "CumSum": _OUTSIDE,
    "DeformConv": "Use Conv",
    "Einsum": "Write it as Transpose and MatMul",
    "GRU": _RECURRENT,
    "GatherElements": "Use Gather with constant indices",
    "GatherND": "Use Gather with constant indices",
    "GridSample": "Use Resize where the grid is regular, else end the model before it",
    "If": _FIXED,
    "LSTM": _RECURRENT,
    "Loop": _FIXED,
    "MaxRoiPool": _UNKNOWN_SIZE,
    "MaxUnpool": "Use Resize with mode nearest, or ConvTranspose",
    "Multinomial": _NOISE,
    "NonMaxSuppression": _UNKNOWN_SIZE,
    "NonZero": _UNKNOWN_SIZE,
    "RNN": _RECURRENT,
    "RandomNormal": _NOISE,
    "RandomNormalLike": _NOISE,
    "RandomUniform": _NOISE,
    "RandomUniformLike": _NOISE,
    "RoiAlign": _UNKNOWN_SIZE,
    "Scan": _FIXED,
    "ScatterElements": _OUTSIDE,
    "ScatterND": _OUTSIDE,
    "StringNormalizer": _STRINGS,
    "TfIdfVectorizer": _STRINGS,
    "TopK": f"Use ArgMax where the first is enough. Otherwise: {_OUTSIDE[0].lower()}{_OUTSIDE[1:]}",
    "Trilu": "Bake the triangle in as a constant factor",
    "Unique": _UNKNOWN_SIZE,
}


def alternative(operator: str) -> str:
    """What to do where that operator is not supported."""
    return ALTERNATIVES.get(
        operator, "Replace it by supported operators (the README lists them), or end the model before it"
    )
