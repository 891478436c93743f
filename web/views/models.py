"""`/models`: which models answer, in which version, how good they are, and each one's card."""

from collections import Counter
from pathlib import Path

from flask import Blueprint, Response, render_template, send_from_directory
from markupsafe import Markup

from jobs.errors import LedgerUnavailable
from models.cards import Card, find_card, list_cards
from web.access import open_to_all
from web.errors import Problem
from web.scores import write_share
from web.services import services

bp = Blueprint("models", __name__)


@bp.get("/models")
@open_to_all
def show_models() -> str:
    """List the models by the questions that they answer, with every version that has a card."""
    cards = list_cards(services().settings.models_root)
    return render_template(
        "pages/models.html",
        cards=cards,
        uses=count_uses(),
        questions=find_questions(),
        share=write_share,
    )


@bp.get("/models/<model>/<version>")
@open_to_all
def show_card(model: str, version: str) -> str:
    """Show one card with its plots."""
    card = _find(model, version)
    return render_template(
        "pages/model.html",
        card=card,
        text=write_html(card.text),
        in_use=count_uses().get((model, version), 0),
    )


@bp.get("/models/<model>/<version>/<plot>")
@open_to_all
def send_plot(model: str, version: str, plot: str) -> Response:
    """Send one of a card's plots."""
    card = _find(model, version)
    if plot not in card.plots:
        raise Problem("not_found", "This model has no such plot.")
    return send_from_directory(card.folder, plot, mimetype="image/png", max_age=3600)


def count_uses() -> Counter[tuple[str, str]]:
    """Count the worker processes that have each model's version loaded; none while Redis is away.

    A card is text on a disk: an outage of the queue is no reason not to show it.
    """
    try:
        workers = services().client.census().workers
    except LedgerUnavailable:
        return Counter()
    return Counter(use for worker in workers for use in worker.models.items())


def find_questions() -> dict[str, str]:
    """Return the question that each model answers, in the words of its first stage."""
    stages = [stage for one in services().pipelines.values() for stage in one.stages]
    return {stage.model: stage.question for stage in reversed(stages)}


def write_html(text: str) -> Markup:
    """Write a card's Markdown as HTML; markup inside it is shown, not obeyed."""
    import mistune  # a tenth of the time that web takes to start, for a page that few open

    html = str(mistune.create_markdown(escape=True, plugins=["table"])(text))
    # A wide table scrolls by itself on a phone, and can be reached by keyboard.
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>')
    return Markup(html.replace("</table>", "</table></div>"))  # noqa: S704  mistune escaped it


def _find(model: str, version: str) -> Card:
    card = find_card(Path(services().settings.models_root), model, version)
    if card is None:
        raise Problem("not_found", "There is no model card at this address; see /models.")
    return card
