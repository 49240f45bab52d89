# make run [FOR=seconds]    everything, with no account: practice broker, Chrome, MQTT broker, daemon
# make test                 all checks and all tests
# make lint                 the checks alone
# make bench [ONLY=name]    figures, side by side with the alternatives; ONLY=live [FOR=seconds] runs a whole daemon
# make crashtest [KILLS=n]  kill the daemon at every point of an order's way, and count orders at the broker
# make tradetest [TRADES=n] many trades in a row on a page full of traps
# make fuzz [FOR=seconds]   throw noise at the codec

BIN := .venv/bin

.PHONY: run test lint bench crashtest tradetest fuzz setup page

run: setup
	@$(BIN)/qfluxd demo $(if $(FOR),--for $(FOR))

setup:
	@./setup.sh

lint:
	@./setup.sh test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/codespell

test:
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 2 --dist loadfile

bench: setup
	@.uv/bin/uv sync --quiet --frozen --extra practice --extra ml --extra train --extra sweep --extra report --group bench
	@$(BIN)/python -m tests.bench $(ONLY) $(if $(FOR),--for $(FOR))

crashtest: setup
	@$(BIN)/python -m tests.crash --kills $(or $(KILLS),320)

tradetest: setup
	@$(BIN)/python -m tests.long.trades --trades $(or $(TRADES),500)

fuzz: setup
	@.uv/bin/uv sync --quiet --frozen --extra practice --extra ml --extra train --extra sweep --extra report --group fuzz
	@$(BIN)/python -m tests.fuzz.codec -max_total_time=$(or $(FOR),60)

page:
	cd qfluxd/practice/page && npm ci --no-audit --no-fund && npm run build
