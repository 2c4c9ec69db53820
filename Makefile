# Each target first makes .venv ready (.ci/prepare); the second time that takes no time.
#   make demo     enhance, measure and compare example volumes; ends by naming what it wrote (into demo-output/)
#   make test     ruff and all tests
#   make lint     ruff alone; make format repairs what ruff can
#   make tour     exit code, time and memory of every command on every volume at hand
#   make bench    the enhancer beside its peers, side by side in one run
#   make validate the acceptance tests with the released weights: one HTML page (OPTIONS=--quick: some minutes)
#   make simulation-page  pictures of every step of the training simulation; make convergence: the learning curves
#   make compare-architectures  other networks trained for the same CPU time
#   make train    train the network (resumes where it stopped) and export it
# Real volumes are looked for in DATA; options for the command behind a target: make demo OPTIONS="--out /tmp/demo"

SHELL := /bin/bash
BIN := .venv/bin
DATA ?= $(or $(DLENHANCE_DATA),../shared/data)
OPTIONS ?=
export QT_QPA_PLATFORM ?= offscreen

.PHONY: compare-architectures prepare demo lint format test tour bench validate simulation-page convergence train clean

prepare:
	@bash .ci/prepare

demo: prepare
	@$(BIN)/dlenhance demo $(OPTIONS)

lint: prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: prepare
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint
	@bash .ci/prepare test
	$(BIN)/python -m pytest $(OPTIONS)

tour: prepare
	$(BIN)/python Benchmarks/commandTour.py --data $(DATA) $(OPTIONS)

bench: prepare
	$(BIN)/python -m pip install --quiet antspyx dipy PyWavelets
	$(BIN)/python Benchmarks/peerBenchmark.py --data $(DATA) --out Benchmarks/output $(OPTIONS)

validate: prepare
	$(BIN)/python Benchmarks/validate.py --data $(DATA) --out Benchmarks/output --keep Benchmarks/results $(OPTIONS)

simulation-page: prepare
	$(BIN)/python Benchmarks/simulationPage.py --data $(DATA) --out Benchmarks/output $(OPTIONS)

convergence: prepare
	$(BIN)/python Benchmarks/convergence.py --out Benchmarks/output $(OPTIONS)

compare-architectures: prepare
	$(BIN)/python Benchmarks/architectureBenchmark.py --data $(DATA) --out Benchmarks/results/architectures.md $(OPTIONS)

train: prepare
	$(BIN)/python -m DLEnhanceTraining.train --data $(DATA) --run Training/runs/full $(OPTIONS)
	$(BIN)/python -m DLEnhanceTraining.export --run Training/runs/full --data $(DATA)

clean:
	rm -rf demo-output Benchmarks/output build dist
