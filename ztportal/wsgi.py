"""The WSGI application of production: pages and API only. Background work runs in processes of its own."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ztportal.settings")

application = get_wsgi_application()
