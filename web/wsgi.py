"""The entry point of the web process: `gunicorn web.wsgi:app`, or `flask --app web.wsgi run`.

The only file of `web` that reads the environment. One import makes one process's application with
its own connections and its sweeper, so gunicorn must not preload it (threads do not survive a
fork). A setting that cannot be used ends the process with one line.
"""

import os

from jobs.client import JobClient
from jobs.errors import SettingError
from jobs.logs import configure
from jobs.settings import JobsSettings
from web.app import create_app
from web.settings import WebSettings

configure("web")
try:
    jobs_settings = JobsSettings.from_env(os.environ)
    web_settings = WebSettings.from_env(os.environ)
except SettingError as error:
    raise SystemExit(f"web: {error}") from error

client = JobClient.connect(jobs_settings)
client.start_sweeper()
app = create_app(web_settings, client)
