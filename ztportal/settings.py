"""Settings. Without any variable set this is the embedded default; DATABASE_URL and REDIS_URL make it production."""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF

from ztportal.configuration import credential_keys, mail_security, require_pair, secret_key

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("ZTPORTAL_DATA_DIR", default=str(BASE_DIR / "var")))
PRODUCTION = require_pair(env.str("DATABASE_URL", default=""), env.str("REDIS_URL", default=""))
DEBUG = env.bool("ZTPORTAL_DEBUG", default=False)
SECRET_KEY = secret_key(env.str("ZTPORTAL_SECRET_KEY", default=""), data_dir=DATA_DIR, production=PRODUCTION)
SECRET_KEY_FALLBACKS = env.list("ZTPORTAL_SECRET_KEY_FALLBACKS", default=[])
CREDENTIAL_KEYS = credential_keys(
    env.list("ZTPORTAL_CREDENTIAL_KEYS", default=[]), data_dir=DATA_DIR, production=PRODUCTION
)

ZTPORTAL_OUTBOUND_ALLOW = env.list("ZTPORTAL_OUTBOUND_ALLOW", default=[])

ZTPORTAL_NAME = env.str("ZTPORTAL_NAME", default="ztportal")
ZTPORTAL_ORGANISATION = env.str("ZTPORTAL_ORGANISATION", default="")
ZTPORTAL_ORIGIN = env.str("ZTPORTAL_ORIGIN", default="http://localhost:8000")
ZTPORTAL_IMPORT_LIMIT_MB = env.int("ZTPORTAL_IMPORT_LIMIT_MB", default=2000)
ZTPORTAL_UPLOAD_LIMIT_MB = 20
ZTPORTAL_AUDIT_KEY_FILE = env.str("ZTPORTAL_AUDIT_KEY_FILE", default=str(DATA_DIR / "notary" / "key.pem"))
ZTPORTAL_AUDIT_JOURNAL = env.str("ZTPORTAL_AUDIT_JOURNAL", default=str(DATA_DIR / "audit-emergency.jsonl"))

_local_hosts = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.list("ZTPORTAL_ALLOWED_HOSTS", default=[] if PRODUCTION else _local_hosts)
CSRF_FAILURE_VIEW = "apps.portal.web.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("ZTPORTAL_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "guardian",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_prometheus",
    "apps.core",
    "apps.audit",
    "apps.accounts",
    "apps.notices",
    "apps.connectors",
    "apps.inventory",
    "apps.integrity",
    "apps.governance",
    "apps.posture",
    "apps.access",
    "apps.reviews",
    "apps.insights",
    "apps.portal",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.core.web.middleware.RequestIdMiddleware",
    "apps.core.web.middleware.VerbMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.accounts.web.middleware.ActorMiddleware",
    "apps.core.web.middleware.DomainErrorMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "ztportal.urls"
WSGI_APPLICATION = "ztportal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.core.web.context.shell",
            ],
        },
    }
]

# ---------------------------------------------------------------- database
if PRODUCTION:
    DATABASES = {"default": env.db("DATABASE_URL")}
    DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
else:
    DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "ztportal.sqlite3",
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    }
MIGRATION_DATABASE_URL = env.str("MIGRATION_DATABASE_URL", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": env.str("REDIS_URL"),
            "OPTIONS": {"socket_timeout": 3, "socket_connect_timeout": 2},
        }
        if PRODUCTION
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# ------------------------------------------------------------------ people
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_SESSION_REMEMBER = False
USERSESSIONS_TRACK_ACTIVITY = False  # apps.accounts keeps the last use, without a write at each page view
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
MFA_TOTP_ISSUER = ZTPORTAL_NAME
MFA_ADAPTER = "apps.accounts.adapter.MFAAdapter"
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("ZTPORTAL_TRUSTED_PROXIES", default=0)
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# ---------------------------------------------------------------------- mail
EMAIL_HOST = env.str("ZTPORTAL_EMAIL_HOST", default="")
EMAIL_PORT = env.int("ZTPORTAL_EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("ZTPORTAL_EMAIL_USER", default="")
EMAIL_HOST_PASSWORD = env.str("ZTPORTAL_EMAIL_PASSWORD", default="")
EMAIL_USE_TLS, EMAIL_USE_SSL = mail_security(env.str("ZTPORTAL_EMAIL_SECURITY", default="starttls"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("ZTPORTAL_EMAIL_FROM", default=f"{ZTPORTAL_NAME} <portal@localhost>")
EMAIL_BACKEND = env.str(
    "ZTPORTAL_EMAIL_BACKEND",
    default=f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend",
)
#: Whether mail is owed at all: production without a mail server would only fill its logs with it.
ZTPORTAL_MAIL = bool(EMAIL_HOST or not PRODUCTION or env.str("ZTPORTAL_EMAIL_BACKEND", default=""))

# ---------------------------------------------------------------- security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# ------------------------------------------------------------------ static
STATIC_URL = "static/"
STATIC_ROOT = env.str("ZTPORTAL_STATIC_ROOT", default=str(BASE_DIR / "static_root"))
STATICFILES_DIRS = [BASE_DIR / "static", BASE_DIR / "static_build"]
(BASE_DIR / "static_build").mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
MEDIA_ROOT = DATA_DIR / "uploads"

# ------------------------------------------------------------ language, time
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

# --------------------------------------------------------------------- jobs
CELERY_BROKER_URL = env.str("REDIS_URL", default="memory://localhost/")
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 300,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
    }
    if PRODUCTION
    else {}
)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {"wake": {"task": "core.wake", "schedule": 30.0}}

# ---------------------------------------------------------------------- api
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.TokenAuthentication",
        "apps.accounts.api.authentication.SessionActorAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.core.api.permissions.ActorHasScope"],
    "DEFAULT_PAGINATION_CLASS": "apps.core.api.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["apps.core.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.bodies.ObjectParser"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.api.throttles.ActorThrottle"],
    "DEFAULT_THROTTLE_RATES": {"actor": env.str("ZTPORTAL_API_RATE", default="600/min")},
    "EXCEPTION_HANDLER": "apps.core.api.problems.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{ZTPORTAL_NAME} API",
    "VERSION": "1",
    "DESCRIPTION": (
        "Inventory, posture, access and audit, with the visibility of the calling actor. A token reads, asks for "
        "access and gives it back; who decides signs in with a second factor. Errors are problem documents "
        "(RFC 9457): 400 names each wrong field, 403 says why, 404 stands alike for what is not there and for what "
        "may not be seen, 409 for what changed meanwhile."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["apps.core.api.permissions.ActorHasScope"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "FactEnum": "apps.core.facts.Fact",
        "AssetKindEnum": "apps.inventory.states.AssetKind",
        "IdentityKindEnum": "apps.inventory.states.IdentityKind",
        "ImportStateEnum": "apps.inventory.states.ImportState",
        "FindingStateEnum": "apps.posture.states.FindingState",
        "RunStateEnum": "apps.posture.states.RunState",
        "TaskStateEnum": "apps.posture.states.TaskState",
        "OutcomeEnum": "apps.posture.states.Outcome",
        "PresenceEnum": "apps.access.states.Presence",
        "RequestStateEnum": "apps.access.states.RequestState",
        "GrantStateEnum": "apps.access.states.GrantState",
        "GrantEndReasonEnum": "apps.access.states.EndReason",
        "VoteChoiceEnum": "apps.access.states.Choice",
        "ReferenceKindEnum": "apps.governance.states.ReferenceKind",
        "ExceptionStateEnum": "apps.governance.states.ExceptionState",
        "ExceptionEndReasonEnum": "apps.governance.states.EndReason",
        "ExceptionChoiceEnum": "apps.governance.states.Vote",
        "ReviewChoiceEnum": "apps.reviews.states.Choice",
        "ReviewStateEnum": "apps.reviews.states.CampaignState",
        "ReviewItemStateEnum": "apps.reviews.states.ItemState",
    },
}

# --------------------------------------------------------------------- logs
LOG_JSON = env.bool("ZTPORTAL_LOG_JSON", default=PRODUCTION)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"structured": {"()": "apps.core.logs.formatter", "json": LOG_JSON}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": env.str("ZTPORTAL_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # They write whole addresses, and the path of a webhook can be a secret.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
