"""Whether loading a model can run code: told by the flavours of its MLmodel file and by the endings of its files.

Python pickles run code when they are loaded (documentation of the `pickle` module, first warning); so does everything
built on them: cloudpickle, joblib, dill, PyTorch's `.pt`, `.bin` and `.ckpt`. Keras files may hold Lambda layers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.core.facts import Fact

_RUNS = ("pickle", "cloudpickle", "joblib", "dill", "marshal", "torch")
_SAFE = ("skops", "safetensors", "onnx", "json", "ubj", "gguf", "xgb", "lgb", "cbm", "txt")
_ENDINGS = {
    ".pkl": "pickle", ".pickle": "pickle", ".pt": "torch", ".pth": "torch", ".bin": "torch", ".ckpt": "torch",
    ".joblib": "joblib", ".h5": "hdf5", ".hdf5": "hdf5", ".keras": "keras", ".dill": "dill", ".skops": "skops",
    ".safetensors": "safetensors", ".onnx": "onnx", ".gguf": "gguf", ".xgb": "xgb", ".ubj": "ubj", ".lgb": "lgb",
    ".cbm": "cbm",
}  # fmt: skip
#: What a flavour writes when its MLmodel entry does not say.
_FLAVOURS = {
    "sklearn": "cloudpickle", "pytorch": "torch", "statsmodels": "pickle", "fastai": "pickle",
    "langchain": "cloudpickle", "onnx": "onnx", "xgboost": "xgb", "lightgbm": "lgb",
    "catboost": "cbm", "prophet": "json",
}  # fmt: skip
_ORDER = {Fact.NO: 0, Fact.UNKNOWN: 1, Fact.YES: 2}
#: Keys of a flavour that name the file with the weights.
_FILES = ("pickled_model", "model_path", "data", "model_data", "model_binary", "python_model")


@dataclass(frozen=True, slots=True)
class Serialisation:
    """The file format of the weights, and whether loading it can run code."""

    name: str = ""
    runs_code: Fact = Fact.UNKNOWN


def _judged(name: str, *, from_file: bool = False) -> Serialisation:
    if name in _RUNS or (name == "hdf5" and from_file):
        return Serialisation(name, Fact.YES)
    return Serialisation(name, Fact.NO if name in _SAFE else Fact.UNKNOWN)


def by_ending(path: str) -> Serialisation | None:
    """Return what a file's ending says; None for files that hold no weights."""
    name = path.rsplit("/", 1)[-1].lower()
    ending = f".{name.rsplit('.', 1)[1]}" if "." in name else ""
    return _judged(_ENDINGS[ending], from_file=True) if ending in _ENDINGS else None


def worst(found: Iterable[Serialisation | None]) -> Serialisation:
    """Return the worst of several: running code, then not known, then safe; unknown where there is nothing."""
    known = [one for one in found if one is not None]
    return max(known, key=lambda one: _ORDER[one.runs_code], default=Serialisation())


def _by_flavour(name: str, entry: Mapping[str, Any]) -> list[Serialisation | None]:
    declared = entry.get("serialization_format")
    if isinstance(declared, str) and declared:
        return [_judged(declared.strip().lower()[:60])]
    files = [by_ending(value) for key in _FILES if isinstance(value := entry.get(key), str)]
    if any(files):
        return files
    if name == "python_function":
        loader = str(entry.get("loader_module", ""))
        custom = "python_model" in entry or "cloudpickle_version" in entry or loader == "mlflow.pyfunc.model"
        return [_judged("cloudpickle")] if custom else []
    return [_judged(_FLAVOURS.get(name, ""))]


def by_flavours(flavours: Mapping[str, Any]) -> Serialisation:
    """Return what the `flavors` of an MLmodel file say."""
    found: list[Serialisation | None] = []
    for name, entry in flavours.items():
        if isinstance(entry, Mapping):
            found.extend(_by_flavour(str(name), entry))
    return worst(one for one in found if one and one.name)
