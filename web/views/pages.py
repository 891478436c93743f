"""The pages for people."""

from flask import Blueprint

bp = Blueprint("pages", __name__)
