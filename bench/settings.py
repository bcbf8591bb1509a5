"""Settings of the benchmarks: the product's own on one PostgreSQL database, with an empty view beside its pages."""

import os
import tempfile

os.environ.setdefault("ZTPORTAL_DATA_DIR", tempfile.mkdtemp(prefix="ztportal-bench-"))
os.environ["ZTPORTAL_API_RATE"] = "1000000/min"
os.environ.pop("DATABASE_URL", None)
os.environ.pop("REDIS_URL", None)

from ztportal.settings import *  # noqa: F403
from ztportal.settings import DATABASES, LOGGING, env

DATABASES["default"] = {**env.db("ZTPORTAL_BENCH_DATABASE_URL"), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
ROOT_URLCONF = "bench.urls"
CELERY_BROKER_URL = "memory://"
LOGGING = {**LOGGING, "root": {"handlers": [], "level": "ERROR"}}
