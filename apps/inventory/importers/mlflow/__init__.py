"""MLflow model registry, 2.x and 3.x: REST answers, MLmodel files and listings of artifact digests."""

from apps.inventory.formats import Format
from apps.inventory.importers.mlflow.parse import detect, parse
from apps.inventory.records import ASSET

FORMAT = Format(
    name="mlflow",
    title="MLflow model registry",
    main_kinds=(ASSET,),
    detect=detect,
    parse=parse,
    describes="registered-models, model-versions, runs and logged-models answers, MLmodel files, artifact digests",
)
