"""What AWS actions on AI services do, as operations of the portal.

Actions and their resource types: AWS Service Authorization Reference (Amazon SageMaker AI, Amazon Bedrock, Amazon S3).
Reading names and settings (List…, Describe…) is no operation. The operations and which of them are privileged are
those of the governance catalogue, which stands above this app; a test holds the two together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

#: Services of which a grant of every action is full access to AI.
AI_SERVICES = ("sagemaker", "bedrock", "bedrock-agentcore")
#: Service principals that stand for these in trust policies and in `iam:PassedToService`.
SAGEMAKER, BEDROCK = "sagemaker.amazonaws.com", "bedrock.amazonaws.com"
AI_PRINCIPALS = (SAGEMAKER, BEDROCK, "bedrock-agentcore.amazonaws.com")
PRIVILEGED = frozenset(
    {"agent.grant_tool", "data.curate", "endpoint.configure", "guardrail.change", "model.deploy", "model.promote",
     "train.run"}
)  # fmt: skip
PASS_ROLE, GET_OBJECT, PUT_OBJECT = "iam:passrole", "s3:getobject", "s3:putobject"


@dataclass(frozen=True, slots=True)
class Action:
    """One action, in lower case as IAM compares it; `resources` are patterns of the ARNs it can be about."""

    name: str
    label: str
    operation: str
    resources: tuple[str, ...]

    @property
    def service(self) -> str:
        """Return the prefix of its service."""
        return self.name.partition(":")[0]


_INVOKED = (
    "foundation-model inference-profile application-inference-profile provisioned-model custom-model imported-model"
    " prompt-router default-prompt-router async-invoke marketplace/model-endpoint"
)
#: Service → operation → lines of `resource types | actions`.
_TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "sagemaker": {
        "train.run": (
            "training-job | CreateTrainingJob",
            "processing-job | CreateProcessingJob",
            "automl-job | CreateAutoMLJob CreateAutoMLJobV2",
            "pipeline | StartPipelineExecution CreatePipeline UpdatePipeline",
            "notebook-instance | CreateNotebookInstance CreatePresignedNotebookInstanceUrl",
            "user-profile space app domain | CreatePresignedDomainUrl CreateApp",
            "model-package model-package-group | CreateModelPackage CreateModelPackageGroup",
        ),
        "hparam.tune": ("hyper-parameter-tuning-job | CreateHyperParameterTuningJob",),
        "eval.run": (
            "transform-job | CreateTransformJob",
            "model-quality-job-definition | CreateModelQualityJobDefinition",
        ),
        "model.promote": ("model-package | UpdateModelPackage",),
        "model.deploy": (
            "model | CreateModel DeleteModel",
            "endpoint | CreateEndpoint UpdateEndpoint DeleteEndpoint",
        ),
        "endpoint.configure": (
            "endpoint-config | CreateEndpointConfig DeleteEndpointConfig",
            "endpoint | UpdateEndpointWeightsAndCapacities",
        ),
        "endpoint.call": (
            "endpoint | InvokeEndpoint InvokeEndpointAsync InvokeEndpointWithResponseStream",
        ),
        "data.read": ("feature-group | GetRecord BatchGetRecord",),
        "data.curate": ("feature-group | PutRecord DeleteRecord CreateFeatureGroup DeleteFeatureGroup",),
    },
    "bedrock": {
        "endpoint.call": (
            f"{_INVOKED} | InvokeModel InvokeModelWithResponseStream",
            "agent-alias | InvokeAgent",
            "flow | InvokeFlow",
            "knowledge-base | Retrieve",
            "* | RetrieveAndGenerate",
        ),
        "train.run": ("custom-model foundation-model model-customization-job | CreateModelCustomizationJob",),
        "eval.run": ("evaluation-job | CreateEvaluationJob",),
        "model.deploy": (
            "model-import-job imported-model | CreateModelImportJob",
            "custom-model foundation-model provisioned-model | CreateProvisionedModelThroughput",
            "agent-alias | CreateAgentAlias UpdateAgentAlias",
        ),
        "endpoint.configure": (
            "provisioned-model | UpdateProvisionedModelThroughput DeleteProvisionedModelThroughput",
            "inference-profile foundation-model | CreateInferenceProfile",
            "* | PutModelInvocationLoggingConfiguration DeleteModelInvocationLoggingConfiguration",
        ),
        "guardrail.change": (
            "guardrail | CreateGuardrail UpdateGuardrail DeleteGuardrail CreateGuardrailVersion",
        ),
        "agent.grant_tool": (
            "agent | CreateAgent UpdateAgent AssociateAgentKnowledgeBase AssociateAgentCollaborator",
            "agent | CreateAgentActionGroup UpdateAgentActionGroup",
        ),
        "data.curate": (
            "knowledge-base | CreateKnowledgeBase UpdateKnowledgeBase CreateDataSource UpdateDataSource",
            "knowledge-base | StartIngestionJob IngestKnowledgeBaseDocuments DeleteKnowledgeBaseDocuments",
        ),
    },
    "bedrock-agentcore": {
        "endpoint.call": ("runtime gateway | InvokeAgentRuntime InvokeGateway",),
        "model.deploy": ("runtime | CreateAgentRuntime UpdateAgentRuntime",),
        "agent.grant_tool": ("gateway | CreateGateway CreateGatewayTarget UpdateGatewayTarget",),
    },
}  # fmt: skip


def _actions() -> Iterator[Action]:
    for service, operations in _TABLE.items():
        for operation, lines in operations.items():
            for line in lines:
                kinds, _, names = line.partition("|")
                arns = tuple(f"arn:*:{service}:*:*:{kind}/*" if kind != "*" else "*" for kind in kinds.split())
                for name in names.split():
                    yield Action(f"{service}:{name}".lower(), f"{service}:{name}", operation, arns)
    objects = ("arn:*:s3:::*/*",)
    yield Action(GET_OBJECT, "s3:GetObject", "data.read", objects)
    yield Action(PUT_OBJECT, "s3:PutObject", "data.curate", objects)
    yield Action("s3:deleteobject", "s3:DeleteObject", "data.curate", objects)
    yield Action(PASS_ROLE, "iam:PassRole", "train.run", ("arn:*:iam::*:role/*",))


ACTIONS: tuple[Action, ...] = tuple(_actions())
#: What the same action on a bucket of models does.
ON_MODELS = {"data.read": "weights.read", "data.curate": "train.run"}
