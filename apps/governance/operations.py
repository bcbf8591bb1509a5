"""Operations on AI assets: what is done, in plain words, and how much care each needs.

The keys are the AuthZEN action names of the portal's decision point.
"""

from dataclasses import dataclass

from apps.inventory.states import AssetKind

_MODELS = frozenset({AssetKind.MODEL, AssetKind.MODEL_VERSION})
_DATA = frozenset({AssetKind.DATASET, AssetKind.FEATURE_STORE, AssetKind.VECTOR_STORE})
_SERVING = frozenset({AssetKind.ENDPOINT, AssetKind.API, AssetKind.AGENT, AssetKind.MCP_SERVER})


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: plain verb and consequence, the kinds of assets it is done to, and its floor of care.

    `tier` 1 to 3 is the least strict tier a request for it may have (1 is the strictest); `held` operations can be
    asked for as the operation itself, with a payload; `less` are operations that give less and may do instead.
    """

    key: str
    verb: str
    consequence: str
    kinds: frozenset[AssetKind]
    tier: int = 3
    privileged: bool = False
    irreversible: bool = False
    reads_data: bool = False
    held: bool = False
    less: tuple[str, ...] = ()


OPERATIONS: dict[str, Operation] = {
    operation.key: operation
    for operation in (
        Operation("data.read", "Read the data", "See every record, personal data included", _DATA, reads_data=True),
        Operation(
            "data.curate",
            "Change the data",
            "Label, filter or replace records that models learn from",
            _DATA,
            tier=2,
            privileged=True,
            reads_data=True,
            less=("data.read",),
        ),
        Operation(
            "data.export",
            "Export the data",
            "Copy records outside; ending access does not recall the copy",
            _DATA,
            tier=1,
            privileged=True,
            irreversible=True,
            reads_data=True,
            less=("data.read",),
        ),
        Operation("weights.read", "Read the weights", "Load the model inside the platform", _MODELS, tier=2),
        Operation(
            "weights.export",
            "Export the weights",
            "Download the artifact outside the registry; ending access does not recall the file",
            _MODELS,
            tier=1,
            privileged=True,
            irreversible=True,
            less=("weights.read", "eval.run"),
        ),
        Operation(
            "train.run",
            "Train",
            "Start training jobs and register new versions",
            _MODELS | {AssetKind.TRAINING_JOB, AssetKind.NOTEBOOK},
            tier=2,
            privileged=True,
            less=("hparam.tune",),
        ),
        Operation(
            "hparam.tune",
            "Tune parameters",
            "Change how the next training runs",
            _MODELS | {AssetKind.TRAINING_JOB, AssetKind.NOTEBOOK},
        ),
        Operation("eval.run", "Run evaluations", "Measure the model on test data; nothing is changed", _MODELS),
        Operation(
            "model.validate",
            "Validate a version",
            "Give the independent verdict that lets a version go on",
            _MODELS,
            tier=2,
            privileged=True,
            less=("eval.run",),
        ),
        Operation(
            "model.sign",
            "Sign a version",
            "Put the signature that consumers trust on the artifact",
            _MODELS,
            tier=1,
            privileged=True,
            irreversible=True,
            held=True,
            less=("model.validate",),
        ),
        Operation(
            "model.promote",
            "Promote a version",
            "Move the alias or stage that deployment follows",
            _MODELS,
            tier=2,
            privileged=True,
            held=True,
            less=("eval.run",),
        ),
        Operation(
            "model.deploy",
            "Deploy a new version",
            "Push a signed version to production and roll back",
            _MODELS | {AssetKind.ENDPOINT},
            tier=2,
            privileged=True,
            held=True,
            less=("eval.run", "endpoint.call"),
        ),
        Operation("endpoint.call", "Call it", "Send requests and read the answers", _SERVING | _MODELS),
        Operation(
            "endpoint.configure",
            "Change its configuration",
            "Routing, scaling, logging and network of the endpoint",
            _SERVING,
            tier=2,
            privileged=True,
            less=("endpoint.call",),
        ),
        Operation(
            "guardrail.change",
            "Change guardrails",
            "Loosen or tighten what the model or agent may answer and do",
            _SERVING | _MODELS,
            tier=1,
            privileged=True,
            held=True,
            less=("endpoint.call",),
        ),
        Operation(
            "agent.grant_tool",
            "Give an agent a tool",
            "The agent may call the tool by itself from then on",
            frozenset({AssetKind.AGENT, AssetKind.MCP_SERVER}),
            tier=2,
            privileged=True,
            less=("endpoint.call",),
        ),
    )
}


def operations_for(kind: str) -> list[Operation]:
    """Return the operations that are done to assets of this kind, in catalogue order."""
    return [operation for operation in OPERATIONS.values() if kind in operation.kinds]


def verb_of(operation: str) -> str:
    """Return an operation in plain words; a source's own word, `EDIT` as `Edit`, where it is none of the catalogue."""
    known = OPERATIONS.get(operation)
    return known.verb if known else operation.capitalize() if operation.isupper() else operation
