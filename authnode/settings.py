"""All settings, read top to bottom; every value an operator may choose comes from the environment.

`docs/settings.md` explains each; a test fails when one is missing there.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from authnode import static_headers
from core import env, mail_url

BASE_DIR = Path(__file__).resolve().parent.parent

# Where it runs
VAR = Path(env.text("AUTHNODE_VAR", str(BASE_DIR / "var")))
DEBUG = env.boolean("DEBUG")
SITE_URL = env.text("SITE_URL", "http://localhost:8000").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in {"http", "https"} or not _site.hostname:
    raise ImproperlyConfigured(f"SITE_URL must be a web address, not “{SITE_URL}”.")
IS_HTTPS = _site.scheme == "https"
FORCE_SCRIPT_NAME = _site.path or None
ALLOWED_HOSTS = [_site.hostname, *env.items("ALLOWED_HOSTS")]
if _site.hostname in {"localhost", "127.0.0.1"}:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
TRUSTED_PROXIES = env.items("TRUSTED_PROXIES")
ADMIN_PATH = "admin/"

# Secrets: kept beside the database by default, given by the environment in containers
SECRET_KEY = env.secret("SECRET_KEY", default_file=VAR / "secret.key")
MASTER_KEY = env.secret("MASTER_KEY", default_file=VAR / "master.key")
BACKUP_KEY = env.secret("BACKUP_KEY", default_file=VAR / "backup.key")
# Where those of them lie that come from files: a backup beside its key is no protection.
KEY_FILES = {
    name: file
    for name, default in (("MASTER_KEY", "master.key"), ("BACKUP_KEY", "backup.key"))
    if (file := env.secret_file(name, default_file=VAR / default)) is not None
}

# People
SIGN_UP = env.choice("SIGN_UP", "invitation", ("invitation", "open", "closed"))
KDF_ITERATIONS = env.integer("KDF_ITERATIONS", 600_000, least=600_000, most=10_000_000)
INVITATION_LIFETIME = timedelta(
    hours=env.integer("INVITATION_HOURS", 72, least=1, most=24 * 30),
)
SECOND_FACTOR = env.choice("SECOND_FACTOR", "optional", ("optional", "operators", "all"))
SECOND_FACTOR_GRACE_DAYS = env.integer("SECOND_FACTOR_GRACE_DAYS", 7, least=0, most=90)
SESSION_HOURS = env.integer("SESSION_HOURS", 12, least=1, most=24)
SESSIONS_PER_USER = env.integer("SESSIONS_PER_USER", 10, least=1, most=100)
# Minutes without activity until a session locks: what holds for who has chosen nothing, and
# between which bounds people choose. Nobody's session stays open longer than an hour unused.
LOCK_MINUTES = env.integer("LOCK_MINUTES", 15, least=5, most=60)
LOCK_MINUTES_LEAST = env.integer("LOCK_MINUTES_LEAST", 5, least=5, most=60)
LOCK_MINUTES_MOST = env.integer("LOCK_MINUTES_MOST", 60, least=5, most=60)
if LOCK_MINUTES_LEAST > LOCK_MINUTES_MOST:
    raise ImproperlyConfigured("LOCK_MINUTES_LEAST must not be more than LOCK_MINUTES_MOST.")

# Single sign-on: one OpenID Connect provider, or none
OIDC_ISSUER = env.text("OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.secret("OIDC_CLIENT_SECRET")
OIDC_NAME = env.text("OIDC_NAME", urlsplit(OIDC_ISSUER).hostname or "")
OIDC_SCOPES = env.items("OIDC_SCOPES", "openid profile email")
OIDC_OPERATOR_GROUP = env.text("OIDC_OPERATOR_GROUP")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_TRUSTED_AMR = env.items("OIDC_TRUSTED_AMR")
OIDC_ONLY = env.boolean("OIDC_ONLY")
OIDC_CREATES_USERS = env.boolean("OIDC_CREATES_USERS")
OIDC_SIGN_OUT = env.boolean("OIDC_SIGN_OUT")
OIDC_SECONDS = env.integer("OIDC_SECONDS", 5, least=1, most=60)

# Databases, cache and broker: one machine without servers, or PostgreSQL with Redis
REDIS_URL = env.secret("REDIS_URL")
_database_url = env.secret("DATABASE_URL")
_sqlite_options = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
}
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR / "authnode.sqlite3",
        "OPTIONS": _sqlite_options,
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": VAR / "test.sqlite3"},
    }
}
if _database_url:
    DATABASES["default"] = {**dj_database_url.parse(_database_url, conn_max_age=600)}
    if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        DATABASES["default"]["OPTIONS"] = _sqlite_options
CACHES: dict[str, dict[str, Any]]
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL}}
    CELERY_BROKER_URL = REDIS_URL
else:
    DATABASES["cache"] = {
        **DATABASES["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR / "cache.sqlite3",
        "OPTIONS": _sqlite_options,
        "TEST": {"NAME": VAR / "test-cache.sqlite3"},
    }
    CACHES = {
        "default": {
            "BACKEND": "core.cache.AtomicDatabaseCache",
            "LOCATION": "cache_entries",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
    CELERY_BROKER_URL = f"sqla+sqlite:///{VAR / 'broker.sqlite3'}"
DATABASE_ROUTERS = ["core.cache.CacheRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    # First, because their management commands stand in for Django's.
    "accounts",
    "authnode.apps.AdminConfig",
    "authnode.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_celery_beat",
    "django_otp",
    "core",
    "audit",
    "jobs",
    "keyslots",
    "notifications",
    "recovery",
    "sessions_lock",
    "anomalies",
    "vault",
    "notes",
    "exports",
    "imports",
    "backups",
    "api",
]

MIDDLEWARE = [
    "core.middleware.TrustedProxies",
    "audit.middleware.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    # Before the policies of pages: half a kilobyte each time that says nothing to a style sheet.
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.CompressPages",
    "core.middleware.ContentSecurityPolicy",
    "core.middleware.SecurityHeaders",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # What anything below answers for an address of the API becomes a problem in JSON.
    "api.middleware.Problems",
    "backups.maintenance.Maintenance",
    "sessions_lock.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.LoginRequired",
    "accounts.middleware.EnrolmentGate",
    "anomalies.middleware.SignInWatch",
    "accounts.middleware.Preferences",
    "core.middleware.Refusals",
]

ROOT_URLCONF = "authnode.urls"
WSGI_APPLICATION = "authnode.wsgi.application"
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
                "notifications.context_processors.unread_notifications",
                "accounts.help.context_processors.banners",
                "recovery.context_processors.recovery_banners",
                "sessions_lock.context_processors.auto_lock",
                "authnode.help_pages.help_page",
            ],
        },
    }
]

# Signing in
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.PasswordBackend",
]
PASSWORD_HASHERS = ["accounts.hashers.AuthSecretHasher"]
# The browser judges passwords, as the server never sees one; this judges what commands set.
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "vault:list"
# Answers visitors at the front door, in place of the sign-in.
VISITORS_PAGE = "authnode.views.welcome"
SECOND_FACTORS = [
    "accounts.passkeys.factor.factor",
    "accounts.totp.factor.factor",
    "recovery.factor.factor",
]
AFTER_FIRST_FACTOR_URL = "recovery:new-codes"
# What apps above `accounts` show on the security page.
SECURITY_SECTIONS = [
    "recovery.services.section",
    "anomalies.history.section",
    "sessions_lock.pages.section",
    "api.pages.section",
]
# The first page of the administration: what each app counts, and filters of its list of people.
OVERVIEW = [
    "accounts.protection.figures",
    "recovery.overview.figures",
    "anomalies.overview.figures",
    "sessions_lock.overview.figures",
    "backups.overview.figures",
    "audit.overview.figures",
    "jobs.overview.figures",
    "authnode.overview.figures",
]
# What the helpdesk may do beside seeing everything; operators may do all of it, and the rest.
HELPDESK_PERMISSIONS = [
    "accounts.unlock_signin",
    "accounts.reset_factors",
    "recovery.invalidate_codes",
    "sessions_lock.end_sessions",
]
USER_FILTERS = ["recovery.admin.CodesFilter"]
# How many backup sign-in codes may be tried within an hour.
RECOVERY_TRIES_PER_NETWORK = 5
RECOVERY_TRIES_PER_USER = 10
SIGN_IN_CHECKS = ["anomalies.checking.check"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
# A lock-out that every new failure prolongs, or that holds for everybody behind one address,
# would be a weapon against the owner.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "core.client.counted_address"
AXES_USERNAME_CALLABLE = "accounts.backends.axes_username"
AXES_USERNAME_FORM_FIELD = "username"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # ours lists who is locked
AXES_HANDLER = "accounts.lockouts.handler.Handler"  # the stock one keeps what was posted

# Sessions and cookies
SESSION_ENGINE = "sessions_lock.store"
# Where a page or a program asks how long its session lives: looking extends nothing.
HEARTBEAT_VIEWS = ["sessions_lock:heartbeat", "api:heartbeat"]
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "authnode.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Headers
SECURE_SSL_REDIRECT = False  # the proxy redirects; health checks come over plain http
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.boolean("HSTS_INCLUDE_SUBDOMAINS")
SECURE_HSTS_PRELOAD = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        # The one script address a page hands over: the service worker of the offline page.
        "trusted-types": ["authnode-worker"],
    }
}

# Uploads: a picture of at most 5 MB and the form around it
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# Imports: all the memory of the process that opens a file with a password
IMPORT_MEMORY_MIB = env.integer("IMPORT_MEMORY_MIB", 256, least=192, most=4096)

# Mail: an SMTP server, or files under var/mail, as mails carry links that do not belong in a log
EMAIL_URL = env.secret("EMAIL_URL")
MAIL_IS_CONFIGURED = bool(EMAIL_URL)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"AuthNode <authnode@{_site.hostname}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if EMAIL_URL:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_TIMEOUT = 15
    _mail = mail_url.parse(EMAIL_URL)
    EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.ssl
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR / "mail"

# Notices to web addresses: of the operators, and of people if the operator lets them
WEBHOOKS = env.boolean("WEBHOOKS")
WEBHOOK_NETWORKS = env.items("WEBHOOK_NETWORKS")
for _network in WEBHOOK_NETWORKS:
    try:
        ip_network(_network)
    except ValueError:
        raise ImproperlyConfigured(
            f"WEBHOOK_NETWORKS names networks like 192.168.1.0/24, not “{_network}”."
        ) from None
ALARM_URL = env.secret("ALARM_URL")
ALARM_FORMAT = env.choice("ALARM_FORMAT", "webhook", ("webhook", "ntfy"))
if ALARM_URL and (urlsplit(ALARM_URL).scheme not in {"http", "https"} or not ALARM_URL.isascii()):
    raise ImproperlyConfigured("ALARM_URL must be a web address that begins with https://.")

# Background work
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A deed never waits for the broker: the row is what counts, and the reaper finds it.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 3600,
        "socket_connect_timeout": 1,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
    }
    if REDIS_URL
    else {}
)
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "beat-heartbeat": {"task": "jobs.tasks.beat", "schedule": 30.0},
    "reap-jobs": {"task": "jobs.tasks.reap", "schedule": 60.0},
    "seal-audit-events": {"task": "audit.tasks.seal", "schedule": 60.0},
    "sweep-sessions": {"task": "sessions_lock.tasks.sweep", "schedule": 300.0},
    "forget-ended-sessions": {"task": "sessions_lock.tasks.forget_ended", "schedule": 3600.0},
    "forget-expired-sign-ins": {"task": "accounts.tasks.forget_expired", "schedule": 3600.0},
    "apply-factor-resets": {"task": "accounts.tasks.apply_factor_resets", "schedule": 300.0},
    "forget-expired-imports": {"task": "imports.tasks.forget_expired", "schedule": 300.0},
    "shorten-sign-in-addresses": {"task": "anomalies.tasks.tidy", "schedule": 6 * 3600.0},
    "watch-geo-database": {"task": "anomalies.tasks.watch_geo", "schedule": 3600.0},
    "forget-exports": {"task": "exports.tasks.forget_expired", "schedule": 60.0},
    "forget-ended-tokens": {"task": "api.tasks.forget_ended", "schedule": 24 * 3600.0},
    "purge-trash": {"task": "vault.tasks.purge", "schedule": 3600.0},
    "watch-backups": {"task": "backups.tasks.watch", "schedule": 900.0},
    "drill-restore": {
        "task": "backups.tasks.drill",
        "schedule": crontab(minute="23", hour="4", day_of_month="2"),
    },
}
JOB_HANDLERS = {
    "import-reading": "imports.services.opening.read_batch",
    "mail": "notifications.mail.deliver",
    "notice": "notifications.hooks.deliver",
    "password-reset": "accounts.reset.asking.answer",
    "backup": "backups.work.make",
    "backup-verify": "backups.work.verify",
    "backup-upload": "backups.work.upload",
    "backup-drill": "backups.work.drill",
    "restore-report": "backups.work.report",
    "restore": "backups.work.restore",
    "export": "exports.running.run",
}

# Backups: a local directory, and S3 or any other Django storage besides
RELEASE = "0.1"
BACKUP_DIRECTORY = Path(env.text("BACKUP_DIRECTORY", str(VAR / "backups")))
BACKUP_PUBLIC_KEYS = env.items("BACKUP_PUBLIC_KEYS")
BACKUP_S3_BUCKET = env.text("BACKUP_S3_BUCKET")
BACKUP_S3_PREFIX = env.text("BACKUP_S3_PREFIX").strip("/")
BACKUP_S3_ENDPOINT = env.text("BACKUP_S3_ENDPOINT")
BACKUP_S3_REGION = env.text("BACKUP_S3_REGION", "us-east-1")
BACKUP_S3_ACCESS_KEY = env.secret("BACKUP_S3_ACCESS_KEY")
BACKUP_S3_SECRET_KEY = env.secret("BACKUP_S3_SECRET_KEY")
BACKUP_STORAGE = env.text("BACKUP_STORAGE")
BACKUP_STORAGE_OPTIONS = env.mapping("BACKUP_STORAGE_OPTIONS")
# The apps whose rows are "one user's vault".
BACKUP_VAULT_APPS = ["vault", "notes"]

# Places, evaluated only with a database file of the operator's, or one that they have fetched
GEOIP_ACCOUNT_ID = env.text("GEOIP_ACCOUNT_ID")
GEOIP_LICENSE_KEY = env.secret("GEOIP_LICENSE_KEY")
GEOIP_CITY_URL = env.secret("GEOIP_CITY_URL")
GEOIP_ASN_URL = env.secret("GEOIP_ASN_URL")
_has_maxmind_key = bool(GEOIP_ACCOUNT_ID and GEOIP_LICENSE_KEY)
GEOIP_CITY_DATABASE = env.text("GEOIP_CITY_DATABASE")
if not GEOIP_CITY_DATABASE and (GEOIP_CITY_URL or _has_maxmind_key):
    GEOIP_CITY_DATABASE = str(VAR / "geoip" / "city.mmdb")
GEOIP_ASN_DATABASE = env.text("GEOIP_ASN_DATABASE")
if not GEOIP_ASN_DATABASE and (GEOIP_ASN_URL or _has_maxmind_key):
    GEOIP_ASN_DATABASE = str(VAR / "geoip" / "asn.mmdb")
if GEOIP_CITY_URL or GEOIP_ASN_URL or _has_maxmind_key:
    CELERY_BEAT_SCHEDULE["update-geoip"] = {
        "task": "core.tasks.update_geoip",
        "schedule": 7 * 24 * 3600.0,
    }

# Unusual sign-ins: when a rule speaks, and how many points of a hundred it adds
ANOMALIES_TRAVEL_KM = env.integer("ANOMALIES_TRAVEL_KM", 500, least=50, most=20_000)
ANOMALIES_TRAVEL_HOURS = env.integer("ANOMALIES_TRAVEL_HOURS", 2, least=1, most=24)
ANOMALIES_TRAVEL_POINTS = env.integer("ANOMALIES_TRAVEL_POINTS", 75, least=0, most=100)
ANOMALIES_SPEED_KMH = env.integer("ANOMALIES_SPEED_KMH", 900, least=100, most=20_000)
ANOMALIES_SPEED_POINTS = env.integer("ANOMALIES_SPEED_POINTS", 60, least=0, most=100)
ANOMALIES_COUNTRY_DAYS = env.integer("ANOMALIES_COUNTRY_DAYS", 90, least=1, most=730)
ANOMALIES_COUNTRY_POINTS = env.integer("ANOMALIES_COUNTRY_POINTS", 40, least=0, most=100)
ANOMALIES_FAILURES = env.integer("ANOMALIES_FAILURES", 5, least=1, most=1000)
ANOMALIES_FAILURES_MINUTES = env.integer("ANOMALIES_FAILURES_MINUTES", 15, least=1, most=1440)
ANOMALIES_ADDRESS_POINTS = env.integer("ANOMALIES_ADDRESS_POINTS", 40, least=0, most=100)
ANOMALIES_USER_POINTS = env.integer("ANOMALIES_USER_POINTS", 25, least=0, most=100)
ANOMALIES_BROWSER_POINTS = env.integer("ANOMALIES_BROWSER_POINTS", 15, least=0, most=100)
ANOMALIES_NETWORK_POINTS = env.integer("ANOMALIES_NETWORK_POINTS", 15, least=0, most=100)
ANOMALIES_NETWORK_LIST = env.text("ANOMALIES_NETWORK_LIST")
ANOMALIES_HOUR_POINTS = env.integer("ANOMALIES_HOUR_POINTS", 10, least=0, most=100)
ANOMALIES_HOUR_AFTER = env.integer("ANOMALIES_HOUR_AFTER", 20, least=5, most=50)
ANOMALIES_TELL_AT = env.integer("ANOMALIES_TELL_AT", 40, least=1, most=100)
ANOMALIES_VERIFY_ABOVE = env.integer("ANOMALIES_VERIFY_ABOVE", 70, least=1, most=99)
ANOMALIES_BLOCK_AT = env.integer("ANOMALIES_BLOCK_AT", 0, least=0, most=100)
ANOMALIES_HOLD_HOURS = env.integer("ANOMALIES_HOLD_HOURS", 24, least=1, most=168)
ANOMALIES_ADDRESS_DAYS = env.integer("ANOMALIES_ADDRESS_DAYS", 90, least=1, most=3650)
ANOMALIES_KEEP_DAYS = env.integer("ANOMALIES_KEEP_DAYS", 730, least=90, most=3650)
if ANOMALIES_TELL_AT > ANOMALIES_VERIFY_ABOVE:
    raise ImproperlyConfigured("ANOMALIES_TELL_AT must not lie above ANOMALIES_VERIFY_ABOVE.")
if ANOMALIES_ADDRESS_POINTS + ANOMALIES_USER_POINTS > ANOMALIES_VERIFY_ABOVE:
    raise ImproperlyConfigured(
        "ANOMALIES_ADDRESS_POINTS and ANOMALIES_USER_POINTS together must not exceed"
        " ANOMALIES_VERIFY_ABOVE: whoever fails often enough could keep others from signing in."
    )
if 0 < ANOMALIES_BLOCK_AT <= ANOMALIES_VERIFY_ABOVE:
    raise ImproperlyConfigured(
        "ANOMALIES_BLOCK_AT must lie above ANOMALIES_VERIFY_ABOVE, or be 0 for never."
    )

# Words and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # those the site is translated to
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")

# Static files
STATIC_URL = f"{FORCE_SCRIPT_NAME or ''}/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "accounts.finders.CommonPasswordsFinder",
]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "authnode.staticfiles.ModuleStorage"},
}
if BACKUP_STORAGE:
    STORAGES["backups"] = {"BACKEND": BACKUP_STORAGE, "OPTIONS": BACKUP_STORAGE_OPTIONS}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_ADD_HEADERS_FUNCTION = static_headers.add

SILENCED_SYSTEM_CHECKS = [
    # The embedded cache counts atomically (core.cache, tested with processes in parallel).
    "django_ratelimit.W001",
    # Our sign-in view asks axes itself and answers the same for known and unknown addresses.
    "axes.W001",
    "axes.W002",
    "axes.W003",
    # The proxy redirects to https; whether subdomains may be included only the operator knows.
    "security.W008",
    "security.W005",
    "security.W021",
    # Sessions are rows of our own store, so that django.contrib.sessions is not installed.
    "admin.E410",
]

# Figures for Prometheus at /metrics, with this token as bearer; without it nothing is there
METRICS_TOKEN = env.secret("METRICS_TOKEN")
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("METRICS_TOKEN must have 20 or more characters.")

LOG_FORMAT = env.choice("LOG_FORMAT", "line", ("line", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "authnode.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "WARNING").upper()},
    "loggers": {
        "authnode": {"level": "INFO"},
        # The address alone would tell who forgot a slash; the audit log tells it in full.
        "django.request": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
    },
}
