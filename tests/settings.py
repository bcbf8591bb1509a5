"""Settings of the tests: the product's own, with a fast hasher and, where given, PostgreSQL and Redis."""

import os
import tempfile

_data_dir = os.environ.setdefault("ZTPORTAL_DATA_DIR", tempfile.mkdtemp(prefix="ztportal-test-"))
os.environ.pop("DATABASE_URL", None)
os.environ.pop("REDIS_URL", None)

from ztportal.settings import *  # noqa: E402, F403
from ztportal.settings import DATABASES, MIDDLEWARE, env  # noqa: E402

if env.str("ZTPORTAL_TEST_DATABASE_URL", default="") and os.environ.get("ZTPORTAL_TEST_ON") == "postgresql":
    DATABASES["default"] = {**env.db("ZTPORTAL_TEST_DATABASE_URL"), "CONN_MAX_AGE": 0}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = False
ZTPORTAL_AUDIT_BUFFER_READS = False
MIDDLEWARE = [name for name in MIDDLEWARE if "prometheus" not in name]
LOG_JSON = False
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"actor": "100000/min"}}  # noqa: F405
