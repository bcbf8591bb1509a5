"""The WSGI application of the embedded default: one process serves pages and does all background work.

Importing this module starts the threads, so it is imported only in the process that serves (never before a fork).
Nothing here has to survive: every piece of due work is a row in the database, and the next start finds it.
"""

import warnings

from django.core.wsgi import get_wsgi_application

from ztportal.background import Background
from ztportal.celery import app as celery_app

# Static files come from the source folders here: that none were collected is as it should be.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
application = get_wsgi_application()
background = Background(celery_app)
background.start()
