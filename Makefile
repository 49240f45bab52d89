# make run [FOR=seconds]   everything, with no account: practice broker, Chrome, MQTT broker, daemon
# make test                all checks and all tests
# make lint                the checks alone
# make bench [ONLY=name]   figures, side by side with the alternatives
# make fuzz [FOR=seconds]  throw noise at the codec

BIN := .venv/bin

.PHONY: run test lint bench fuzz setup page

run: setup
	@$(BIN)/qfluxd demo $(if $(FOR),--for $(FOR))

setup:
	@./setup.sh

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/codespell

test:
	@./setup.sh test
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 2 --dist loadfile

bench: setup
	@.uv/bin/uv sync --quiet --frozen --extra practice --group bench
	@$(BIN)/python -m tests.bench $(ONLY)

fuzz: setup
	@.uv/bin/uv sync --quiet --frozen --extra practice --group fuzz
	@$(BIN)/python -m tests.fuzz.codec -max_total_time=$(or $(FOR),60)

page:
	cd qfluxd/practice/page && npm ci --no-audit --no-fund && npm run build
