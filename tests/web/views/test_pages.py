"""The pages as a program sees them: plain forms, redirects, strict markup."""

import io
import re

import pytest

from jobs.messages import Submission, new_id
from tests.jobs.factories import make_batch
from web import history
from web.views.pages import SAMPLE

STRICT = re.compile(r"""<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:""")


def send_form(browser, picture, key="k"):
    data = {"image": (io.BytesIO(picture), "../../a.jpg"), "key": key, "pipeline": "zomato-rider"}
    return browser.post("/", data=data, content_type="multipart/form-data")


@pytest.fixture
def astronaut(app):
    with app.open_resource(f"static/{SAMPLE}") as file:
        return file.read()


@pytest.fixture
def browser(app):
    browser = app.test_client()
    browser.get("/")  # brings the cookie
    return browser


@pytest.mark.parametrize("path", ["/", "/webcam", "/jobs", "/about", "/jobs/" + "A" * 22])
def test_no_page_holds_inline_code_or_style(browser, path):
    assert not STRICT.search(browser.get(path).text)


def test_the_plain_form_leads_to_the_result_by_303(browser, astronaut):
    answer = send_form(browser, astronaut)
    assert answer.status_code == 303
    page = browser.get(answer.location)
    assert page.status_code == 200
    assert not STRICT.search(page.text)


def test_the_same_form_sent_twice_is_one_job_and_another_picture_is_another(browser, astronaut):
    first, second = send_form(browser, astronaut), send_form(browser, astronaut)
    assert first.location == second.location
    assert send_form(browser, astronaut + b"tail").location != first.location


def test_a_form_without_a_picture_gets_a_page_that_says_so(browser):
    answer = send_form(browser, b"")
    assert answer.status_code == 400
    assert "text/html" in answer.content_type


def test_the_sample_is_a_job_like_any_other(browser):
    answer = browser.post("/sample", data={"key": "k"})
    assert answer.status_code == 303
    assert browser.get(answer.location).status_code == 200


def test_a_waiting_job_refreshes_itself_only_without_scripts(browser, astronaut):
    text = browser.get(send_form(browser, astronaut).location).text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in text


def test_cancel_leads_back_to_the_job(browser, astronaut):
    page = send_form(browser, astronaut).location
    answer = browser.post(f"{page}/cancel")
    assert (answer.status_code, answer.location) == (303, page)
    assert "Cancelled" in browser.get(page).text


def test_recent_shows_the_own_jobs_in_pages(browser, client, app, astronaut):
    for number in range(26):
        send_form(browser, astronaut, key=str(number))
        browser.post(f"{send_form(browser, astronaut, key=str(number)).location}/cancel")
    first = browser.get("/jobs").text
    assert first.count('class="tile"') == 24
    older = re.search(r'href="(/jobs\?cursor=[^"]+)"', first)
    assert older is not None
    assert browser.get(older[1]).text.count('class="tile"') == 2
    assert app.test_client().get("/jobs").text.count('class="tile"') == 0


def test_a_filter_that_has_not_looked_at_all_leads_on(browser, astronaut, monkeypatch):
    monkeypatch.setattr(history, "MOST_READ", 2)
    monkeypatch.setattr(history, "READ_AT_ONCE", 2)
    for number in range(3):
        send_form(browser, astronaut, key=str(number))
    first = browser.get("/jobs?answer=pass").text
    older = re.search(r'href="(/jobs\?cursor=[^"]+)"', first)
    assert older is not None
    assert "Older" not in browser.get(older[1].replace("&amp;", "&")).text


def test_the_table_holds_all_however_many(browser, client):
    owner_page = browser.post("/sample", data={"key": "k"}).location
    owner = client.get(owner_page.rsplit("/", 1)[1]).owner
    for _ in range(3):
        batch, jobs = make_batch(100, owner=owner)
        client.submit_batch(batch, jobs)
    lines = browser.get("/jobs.csv").text.splitlines()
    assert (lines[0].split(",")[0], len(lines)) == ("submitted_at", 1 + 1 + 300)


def test_the_table_holds_no_formula(browser, client):
    owner_page = browser.post("/sample", data={"key": "k"}).location
    owner = client.get(owner_page.rsplit("/", 1)[1]).owner
    client.submit(
        Submission(id=new_id(), pipeline="zomato-rider", image=b"x", owner=owner, camera="-1+2")
    )
    table = browser.get("/jobs.csv")
    assert table.mimetype == "text/csv"
    assert ",'-1+2," in table.text


def test_an_unknown_filter_is_refused(browser):
    assert browser.get("/jobs?answer=blue").status_code == 400
