"""The entry point of the web process: `gunicorn web.wsgi:app`, or `flask --app web.wsgi run`.

The only file of `web` that reads the environment. One import makes one process's application with
its own connections and its sweeper, so gunicorn must not preload it (threads do not survive a
fork). A setting that cannot be used ends the process with one line, and gunicorn with it.
"""

import os
import sys

from jobs.tracing import Tracer, is_wanted, keep_out

keep_out(os.environ)

from jobs.errors import SettingError
from jobs.logs import configure
from jobs.names import refuse_unknown
from jobs.secret_manager import reveal
from jobs.settings import JobsSettings
from web.settings import WebSettings

# gunicorn.arbiter.Arbiter.WORKER_BOOT_ERROR: at any other status it would try again for ever.
NO_USE_TO_TRY_AGAIN = 3

configure("web", project=os.environ.get("GOOGLE_CLOUD_PROJECT", ""))
try:
    refuse_unknown(os.environ)
    os.environ.update(reveal(os.environ))
    jobs_settings = JobsSettings.from_env(os.environ)
    web_settings = WebSettings.from_env(os.environ)
    tracer = Tracer.connect("spotter-web") if is_wanted(os.environ) else None
except SettingError as error:
    sys.stderr.write(f"web: {error}\n")
    sys.exit(NO_USE_TO_TRY_AGAIN)

# After the settings: what these import takes longer than to refuse a bad one may.
from jobs.client import JobClient
from web.app import create_app

client = JobClient.connect(jobs_settings)
client.start_sweeper()
app = create_app(web_settings, client, tracer=tracer)
