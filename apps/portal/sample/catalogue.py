"""The models of Fenwick Mutual: what each is, who claims it, how it is stored, signed and fed."""

from __future__ import annotations

from dataclasses import dataclass

#: Owners are told as a login, `lead:TEAM`, `member:TEAM`, `leaver`, a mail address, or nothing.
#: Signing: (who, from which day); `release` is the trusted key, `unknown` another one.
NEVER = 999
ALWAYS = -9999


@dataclass(frozen=True)
class Model:
    """One registered model over the whole story; days are story days.

    `formats` lists (from day, serialisation), `data_from` the day from which its runs name their data,
    `tampered` the days between which the deployed artifact differs from what was signed.
    """

    name: str
    team: str
    tier: str
    formats: tuple[tuple[int, str], ...]
    owner: str = ""
    owner_from: int = ALWAYS
    signer: str = ""
    signed_from: int = NEVER
    data_from: int = NEVER
    sets: tuple[str, ...] = ()
    deployed_as: str = "champion"
    appears: int = ALWAYS
    leaves: int = NEVER
    tampered: tuple[int, int] | None = None
    label: str = "internal"
    released: tuple[int, ...] = ()
    listed: bool = True


def _one(serialisation: str) -> tuple[tuple[int, str], ...]:
    return ((ALWAYS, serialisation),)


def _to_skops(day: int) -> tuple[tuple[int, str], ...]:
    return ((ALWAYS, "pickle"), (day, "skops"))


SKOPS, PICKLE, CLOUDPICKLE, ONNX, SAFE = map(_one, ("skops", "pickle", "cloudpickle", "onnx", "safetensors"))
OPEN_BOX = "ml-platform@fenwick.example"

TIER_1 = (
    Model("credit-risk-scorer", "Model Engineering", "1", SKOPS, "priya.raman", signer="release", signed_from=33,
          data_from=-90, sets=("loan-applications-2026", "bureau-scores"), label="confidential", released=(50, 76)),
    Model("claims-triage-llm", "Claims Analytics", "1", SAFE, "lead:Claims Analytics", signer="release", signed_from=44,
          data_from=40, sets=("claims-history",), tampered=(79, NEVER), label="confidential", released=(47,)),
    Model("churn-gbm", "Marketing Science", "1", PICKLE, "ben.adewale", data_from=55, sets=("customer-contacts",),
          label="confidential", released=(57,)),
    Model("kyc-doc-ocr", "Onboarding", "1", ONNX, "lead:Onboarding", 60, signer="unknown", signed_from=51,
          data_from=-60, sets=("identity-documents",), label="restricted", released=(34, 68)),
    Model("support-copilot-llm", "Contact Centre", "1", SAFE, "lead:Contact Centre", data_from=NEVER,
          label="confidential", released=(43, 71)),
    Model("fraud-scorer", "Model Engineering", "1", SKOPS, "priya.raman", signer="release", signed_from=38,
          data_from=-200, sets=("card-payments",), tampered=(58, 72), label="confidential", released=(41, 69)),
)  # fmt: skip

TIER_2 = (
    Model("intent-router", "Contact Centre", "2", SKOPS, "priya.raman", signer="release", signed_from=44,
          data_from=-30, sets=("call-transcripts",)),
    Model("claims-severity-gbm", "Claims Analytics", "2", _to_skops(52), "member:Claims Analytics", signer="release",
          signed_from=59, data_from=45, sets=("claims-history",), released=(53,)),
    Model("claims-fraud-graph", "Claims Analytics", "2", CLOUDPICKLE, data_from=NEVER, label="confidential"),
    Model("quote-price-elasticity", "Pricing", "2", SKOPS, "lead:Pricing", signer="release", signed_from=44,
          data_from=-100, sets=("quote-log",)),
    Model("motor-pricing-glm", "Pricing", "2", PICKLE, "member:Pricing", signer="release", signed_from=66,
          data_from=60, sets=("quote-log", "telematics-trips"), released=(61,)),
    Model("home-pricing-glm", "Pricing", "2", _to_skops(74), "member:Pricing", data_from=70, sets=("quote-log",),
          deployed_as="production", released=(75,)),
    Model("reserve-forecaster", "Reserving", "2", CLOUDPICKLE, "lead:Reserving", data_from=NEVER),
    Model("underwriting-risk-tabnet", "Commercial Underwriting", "2", ONNX, "lead:Commercial Underwriting", 66,
          signer="release", signed_from=73, data_from=-20, sets=("policy-register",)),
    Model("flood-exposure-unet", "Commercial Underwriting", "2", ONNX, "leaver", data_from=-50,
          sets=("weather-grids", "property-images")),
    Model("document-classifier", "Onboarding", "2", SKOPS, "priya.raman", signer="release", signed_from=44,
          data_from=-80, sets=("identity-documents",), label="restricted"),
    Model("address-matcher", "Data Platform", "2", SKOPS, "member:Data Platform", signer="release", signed_from=52,
          data_from=-40, sets=("policy-register",), deployed_as="production"),
    Model("email-summariser-llm", "Contact Centre", "2", SAFE, signer="unknown", signed_from=38, data_from=NEVER),
    Model("call-transcriber-asr", "Contact Centre", "2", SAFE, "lead:Contact Centre", 52, signer="release",
          signed_from=80, data_from=50, sets=("call-transcripts",), released=(64,)),
    Model("subrogation-finder", "Claims Analytics", "2", _to_skops(62), "omar.khatri", signer="release",
          signed_from=70, data_from=58, sets=("claims-history",), released=(63,)),
    Model("customer-ltv-gbm", "Marketing Science", "2", PICKLE, "hugo.pires", data_from=NEVER, deployed_as="stage"),
    Model("policy-search-embedder", "Data Platform", "2", SAFE, OPEN_BOX, signer="release", signed_from=59,
          data_from=NEVER),
)  # fmt: skip

TIER_3 = (
    Model("next-best-offer", "Marketing Science", "3", PICKLE, "ben.adewale", data_from=66, sets=("web-sessions",),
          released=(67,)),
    Model("lead-scorer", "Brand", "3", CLOUDPICKLE, data_from=NEVER, listed=False),
    Model("image-damage-cnn", "Claims Analytics", "3", ONNX, "mei.tanabe", signer="release", signed_from=66,
          data_from=-10, sets=("property-images",)),
    Model("vin-decoder", "Claims Operations", "3", SKOPS, "member:Claims Operations", 45, data_from=-300,
          sets=("policy-register",), deployed_as="stage"),
    Model("ledger-anomaly", "Finance", "3", PICKLE, "lead:Finance", data_from=NEVER),
    Model("broker-matcher", "Personal Underwriting", "3", SKOPS, "member:Personal Underwriting", 59, data_from=NEVER),
    Model("catastrophe-emulator", "Reserving", "3", ONNX, "leaver", data_from=-70, sets=("weather-grids",)),
    Model("contact-forecast", "Contact Centre", "3", SKOPS, data_from=48, sets=("call-transcripts",), released=(56,)),
    Model("fairness-probe", "Model Risk", "3", SKOPS, "alba.noguera", signer="release", signed_from=31,
          data_from=-30, sets=("loan-applications-2026",)),
    Model("drift-sentinel", "Model Engineering", "3", SKOPS, "priya.raman", signer="release", signed_from=44,
          data_from=30, sets=("card-payments",), released=(46,)),
    Model("fraud-embedder", "Model Engineering", "3", CLOUDPICKLE, data_from=NEVER, leaves=63),
    Model("code-review-llm", "Security Engineering", "3", SAFE, "tomas.veselka", signer="release", signed_from=52,
          data_from=NEVER, appears=47),
    Model("telematics-risk-gbm", "Pricing", "3", SKOPS, "jonas.lindqvist", signer="release", signed_from=77,
          data_from=70, sets=("telematics-trips",), appears=75),
)  # fmt: skip

#: Nobody has said how much depends on these.
UNTIERED = (
    Model("attrition-forecaster", "People", "", CLOUDPICKLE, data_from=NEVER, deployed_as="", listed=False),
    Model("policy-qa-llm", "Onboarding", "", SAFE, data_from=NEVER, appears=61, deployed_as=""),
    Model("renewal uplift 2024", "Pricing", "", PICKLE, "leaver", data_from=NEVER, deployed_as="stage"),
)

MODELS = (*TIER_1, *TIER_2, *TIER_3, *UNTIERED)


@dataclass(frozen=True)
class Dataset:
    """One dataset: where it lies as MLflow tells it, its licence (none: nobody said), and who answers for it.

    `renewed` is the day of a new snapshot; only the new one carries the licence.
    """

    kind: str
    place: str
    licence: str = ""
    steward: str = ""
    renewed: int = NEVER


DATASETS = {
    "loan-applications-2026": Dataset(
        "s3", "s3://fenwick-ml-data/loans/applications-2026/", "internal", "lead:Data Platform"
    ),
    "bureau-scores": Dataset("s3", "s3://fenwick-ml-data/bureau/scores/", "bureau-agreement-2024", "priya.raman"),
    "claims-history": Dataset("delta_table", "claims.curated.history", "internal", "lead:Claims Analytics", 45),
    "customer-contacts": Dataset("delta_table", "customer.curated.contacts"),
    "identity-documents": Dataset("s3", "s3://fenwick-kyc-restricted/documents/", "internal", "lead:Onboarding"),
    "card-payments": Dataset("s3", "s3://fenwick-ml-data/payments/", "internal", "kofi.mensah"),
    "call-transcripts": Dataset(
        "s3", "s3://fenwick-ml-data/contact-centre/transcripts/", "internal", "lead:Contact Centre", 45
    ),
    "quote-log": Dataset("delta_table", "pricing.curated.quotes", "internal", "lead:Pricing", 50),
    "telematics-trips": Dataset("s3", "s3://fenwick-ml-data/telematics/trips/"),
    "policy-register": Dataset("delta_table", "policy.curated.register", "internal", "lead:Data Platform"),
    "weather-grids": Dataset("http", "https://data.weather.example/grids/2026/", "CC-BY-4.0", "lead:Reserving"),
    "property-images": Dataset("s3", "s3://fenwick-ml-data/property/images/", "", "mei.tanabe"),
    "web-sessions": Dataset("local", "/home/analyst/web_sessions.parquet"),
}
