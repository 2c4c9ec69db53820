# Each target first makes .venv ready (.ci/prepare); the second time that takes no time.
#   make demo     enhance, measure and compare a volume; ends by naming what it wrote (into demo-output/)
#   make test     ruff and all tests
#   make lint     ruff alone
#   make bench    wall time and memory of the command on each volume at hand
#   make train    train the model (resumes where it stopped)
# Options for a command: make demo OPTIONS="--out /tmp/demo"

SHELL := /bin/bash
BIN := .venv/bin
OPTIONS ?=
export QT_QPA_PLATFORM ?= offscreen

.PHONY: prepare demo test lint format bench train clean

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
	$(BIN)/python -m pytest $(OPTIONS)

bench: prepare
	$(BIN)/python Benchmarks/commandTour.py $(OPTIONS)

train: prepare
	$(BIN)/python -m DLEnhanceTraining $(OPTIONS)

clean:
	rm -rf demo-output Benchmarks/output build dist
