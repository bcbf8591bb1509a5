"""The files of a model version: small, made up, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import struct
from datetime import timedelta
from typing import Any

import yaml

from apps.portal.sample.timeline import Timeline
from apps.portal.sample.versions import Version

PYTHON = "3.11.9"
MLFLOW = "3.17.2"
PACKAGES = {
    "sklearn": ("scikit-learn==1.9.1", "skops==0.13.0", "cloudpickle==3.1.2"),
    "onnx": ("onnx==1.19.1", "onnxruntime==1.23.2"),
    "transformers": ("transformers==4.57.1", "torch==2.9.1", "safetensors==0.6.2"),
}
FLAVOURS = {
    "skops": "sklearn", "pickle": "sklearn", "cloudpickle": "sklearn", "onnx": "onnx", "safetensors": "transformers",
}  # fmt: skip
#: What a reader of the first bytes expects; the rest is noise, so nothing here loads or runs.
MAGIC = {"skops": b"PK\x03\x04", "pickle": b"\x80\x04\x95", "cloudpickle": b"\x80\x05\x95", "onnx": b"\x08\x09\x12\x07"}
WEIGHTS = {
    "skops": "model.skops", "pickle": "model.pkl", "cloudpickle": "model.pkl", "onnx": "model.onnx",
    "safetensors": "model/model.safetensors",
}  # fmt: skip


def _noise(seed: str, size: int) -> bytes:
    blocks = (hashlib.sha256(f"{seed}:{n}".encode()).digest() for n in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def _weights(version: Version) -> bytes:
    seed = f"{version.folder}/weights"
    size = 512 + int(hashlib.sha256(seed.encode()).hexdigest()[:4], 16) % 1536
    if version.serialisation != "safetensors":
        return MAGIC[version.serialisation] + _noise(seed, size)
    size -= size % 4
    header = json.dumps({"embed.weight": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + _noise(seed, size)


def _flavours(version: Version) -> dict[str, Any]:
    flavour, weights = FLAVOURS[version.serialisation], WEIGHTS[version.serialisation]
    python = {
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        "loader_module": f"mlflow.{flavour}",
        "python_version": PYTHON,
    }
    if flavour == "transformers":
        own: dict[str, Any] = {
            "code": None, "components": ["tokenizer"], "framework": "pt", "instance_type": "TextGenerationPipeline",
            "model_binary": "model", "task": "text-generation", "torch_dtype": "torch.float32",
            "transformers_version": "4.57.1",
        }  # fmt: skip
    elif flavour == "onnx":
        own = {"code": None, "data": weights, "onnx_version": "1.19.1", "providers": ["CPUExecutionProvider"]}
        python["data"] = weights
    else:
        own = {
            "code": None, "pickled_model": weights, "serialization_format": version.serialisation,
            "sklearn_version": "1.9.1", "skops_trusted_types": None,
        }  # fmt: skip
        python |= {"model_path": weights, "predict_fn": "predict"}
    return {"python_function": python, flavour: own}


def _mlmodel(version: Version, weights: bytes, timeline: Timeline) -> bytes:
    """The MLmodel file, keys in MLflow's (alphabetical) order; the time has a space and no zone."""
    made = timeline.at(version.day, 10 * 60 + version.number) + timedelta(microseconds=364399)
    sheet = {
        "artifact_path": f"mlflow-artifacts:/1/models/{version.model_id}/artifacts",
        "flavors": _flavours(version),
        "is_signature_from_type_hint": False,
        "mlflow_version": MLFLOW,
        "model_id": version.model_id,
        "model_size_bytes": len(weights),
        "model_uuid": version.model_id,
        "prompts": None,
        "run_id": version.run_id,
        "signature": {
            "inputs": '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]',
            "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]',
            "params": None,
        },
        "type_hint_from_example": False,
        "utc_time_created": made.strftime("%Y-%m-%d %H:%M:%S.%f"),
    }
    return yaml.safe_dump(sheet, sort_keys=True, width=200).encode()


def artifact_files(version: Version, day: int, timeline: Timeline) -> dict[str, bytes]:
    """The files of a version as they lie in the store on that day, path → bytes, paths in order."""
    flavour = FLAVOURS[version.serialisation]
    needed = "\n".join((f"mlflow=={MLFLOW}", *PACKAGES[flavour])) + "\n"
    weights = _weights(version)
    files = {
        "MLmodel": _mlmodel(version, weights, timeline),
        "conda.yaml": f"channels:\n- conda-forge\ndependencies:\n- python={PYTHON}\n- pip\nname: mlflow-env\n".encode(),
        "python_env.yaml": f"python: {PYTHON}\ndependencies:\n- -r requirements.txt\n".encode(),
        "requirements.txt": needed.encode(),
        WEIGHTS[version.serialisation]: weights,
    }
    if flavour == "transformers":
        shape = {"architectures": ["FenwickForCausalLM"], "hidden_size": 64, "vocab_size": 512}
        files["model/config.json"] = json.dumps(shape, indent=2).encode()
        words = {f"tok{n}": n for n in range(32)}
        files["components/tokenizer/tokenizer.json"] = json.dumps(
            {"version": "1.0", "model": {"vocab": words}}
        ).encode()
    if day >= version.tampered:
        # One byte of the weights was changed after signing; nothing else tells.
        path = WEIGHTS[version.serialisation]
        files[path] = files[path][:-1] + bytes([files[path][-1] ^ 1])
    return dict(sorted(files.items()))


def listing(files: dict[str, bytes]) -> bytes:
    """One line a file: SHA-256, path, size."""
    return "".join(
        f"{hashlib.sha256(data).hexdigest()}  {path}  {len(data)}\n" for path, data in files.items()
    ).encode()
