# make up           start Spotter on this machine; Ctrl-C ends it
# make test         run every test; make lint runs the checks that need no run
# make key          list keys; make key NAME=phone [SCOPE=submit,read] [DAYS=90] makes one,
#                   LINK=anna makes a sign-in link, REVOKE=phone ends one
# make failed       list the jobs that failed last; make failed RETRY=all tries them again
# make doctor       check every file that a deployment is made of, offline; finds nothing: all is well
# make promote      list model versions; make promote MODEL=person VERSION=2 has workers use one,
#                   ROLLBACK=person the one before again
# make chaos        break a Spotter under load for MINUTES=10, or until JOBS=100000 were accepted,
#                   and tell whether it kept its promise; SEED=1 repeats a plan of faults
# make bench        measure what Spotter costs beside the bare models: twelve minutes on an idle machine;
#                   PARTS="photos start" only these, PUBLISH=1 renews docs/performance.md and README
# make train        train a model of your pictures: make train DATA=folder (a subfolder a label);
#                   MODEL=person takes a recipe of models/training/recipes, NAME=gate names it
# make fuzz         fuzz the door, the decoder and the API, MINUTES=3 each
# make audit        known holes of the libraries; bills of materials into var/sbom
# make overload     send twice what this machine can do, and see what becomes of it
# make requirements export the pinned requirements from pyproject.toml (needs uv)
# make clean        remove what was installed; var/, the data of your Spotter, stays
#
# Settings come from the environment: PORT=9000 WORKERS=2 make up

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PACKAGES := deploy jobs models web worker
# A Python that was upgraded or removed leaves a .venv that does not start.
BROKEN := $(shell test -x $(PY) || echo broken)

.PHONY: up key failed promote test lint doctor chaos bench train requirements clean fuzz audit overload broken

up: $(VENV)/.installed-up
	@exec $(PY) -m deploy.up

# Only what stands on the command line counts: some systems set NAME in every environment. The shell
# reads the values, so that a name may hold any character.
given = $(findstring command,$(origin $(1)))

key: $(VENV)/.installed-up
	@exec $(PY) -m web.keys $(if $(call given,NAME),add "$$NAME",$(if $(call given,LINK),\
	    link "$$LINK",$(if $(call given,REVOKE),revoke "$$REVOKE",list))) \
	    $(if $(call given,SCOPE),--scope "$$SCOPE") $(if $(call given,DAYS),--days "$$DAYS")

promote: $(VENV)/.installed-up
	@exec $(PY) -m worker.versions $(if $(call given,MODEL)$(call given,VERSION),promote \
	    $(if $(call given,MODEL),"$$MODEL","") $(if $(call given,VERSION),"$$VERSION"),$(if \
	    $(call given,ROLLBACK),rollback "$$ROLLBACK",list))

failed: $(VENV)/.installed-up
	@exec $(PY) -m web.failed $(if $(call given,RETRY),--retry "$$RETRY")

test: $(VENV)/.installed-dev
	@$(PY) -m deploy.chromium
	@exec $(PY) -m pytest $(ARGS)

MINUTES ?= 3

fuzz: $(VENV)/.installed-fuzz
	$(PY) -m tests.fuzz.run door $$(( $(MINUTES) * 60 ))
	$(PY) -m tests.fuzz.run decode $$(( $(MINUTES) * 60 ))
	EXAMPLES=$$(( $(MINUTES) * 100 )) $(PY) -m pytest -q tests/web/test_contract.py --timeout 1800

audit: $(VENV)/.installed-dev
	@exec $(PY) -m deploy.audit

overload: $(VENV)/.installed-up
	@exec $(PY) -m deploy.overload

lint: $(VENV)/.installed-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy $(PACKAGES)
	$(VENV)/bin/lint-imports

doctor: $(VENV)/.installed-dev
	@exec $(PY) -m deploy.doctor

chaos: $(VENV)/.installed-dev
	@exec $(PY) -m deploy.chaos $(if $(call given,MINUTES),--minutes "$$MINUTES") $(if $(call \
	    given,SEED),--seed "$$SEED") $(if $(call given,JOBS),--jobs "$$JOBS") $(if $(call \
	    given,PAUSE),--pause "$$PAUSE") $(if $(call \
	    given,WORKERS),--workers "$$WORKERS") $(if $(call given,WORKER),--worker "$$WORKER") $(if \
	    $(call given,DURABILITY),--durability "$$DURABILITY") $(if $(call \
	    given,FOLDER),--folder "$$FOLDER")

bench: $(VENV)/.installed-dev
	@exec $(PY) -m deploy.bench $(if $(call given,PARTS),$(PARTS)) $(if $(call \
	    given,PUBLISH),--publish)

train: $(VENV)/.installed-dev
	@exec $(PY) -m models.training fit $(if $(call given,MODEL),models/training/recipes/"$$MODEL".toml \
	    --data "$$DATA","$$DATA") $(if $(call given,NAME),--name "$$NAME")

$(VENV)/.installed-%: requirements/%.txt $(BROKEN)
	@$(PYTHON) deploy/install.py $*

requirements:
	requirements/export

clean:
	rm -rf $(VENV)

broken: ;
