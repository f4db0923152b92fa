# Everything a developer runs; CI runs the same targets.
GO ?= go
BIN ?= bin/dirigo
FUZZTIME ?= 30s
# tidb's parser takes long to build with the race detector, and is tested without.
RACE = ./actors/... ./exec/job ./exec/join ./exec/state ./exec/op ./storage/mem ./storage ./connectors/kafka/... ./sql/pgwire

.PHONY: build demo test race check fuzz bench bench-short demo-check tools

build:
	$(GO) build -o $(BIN) ./cmd/dirigo

demo: ## everything embedded, real data; the first build takes a minute or two
	@echo "building dirigo; the first time this takes a minute or two …"
	@$(GO) build -o $(BIN) ./cmd/dirigo
	@$(BIN) demo

test: ## what every change must pass; needs only Go
	$(GO) test ./...

race:
	$(GO) test -short -race $(RACE)

check: tools ## the long forms: hours on a laptop
	DIRIGO_CHECK=long DIRIGO_CHAOS_KILLS=50 DIRIGO_CHAOS_LONG=1 $(GO) test -count=1 -timeout 3h ./...
	$(MAKE) race fuzz FUZZTIME=5m

tools: ## gofumpt and staticcheck
	@out="$$($(GO) tool -modfile=go.tools.mod gofumpt -l .)"; if [ -n "$$out" ]; then echo "not formatted by gofumpt: $$out"; exit 1; fi
	$(GO) tool -modfile=go.tools.mod staticcheck ./...

fuzz: ## each fuzz target for FUZZTIME
	./.ci/fuzz $(FUZZTIME)

bench: build ## figures of docs/BENCHMARKS.md
	$(BIN) bench nexmark
	$(BIN) bench nexmark --pregenerate
	$(BIN) bench kafka
	$(BIN) bench start
	$(BIN) bench idle

bench-short: build
	$(BIN) bench nexmark --events 500000 --runs 1 --latency=false
	$(GO) test -run xxx -bench . -benchtime 20ms ./exec/agg ./exec/expr ./connectors/codec ./actors

demo-check: build ## the demo runs, answers psql, stops cleanly and goes on
	./.ci/demo $(BIN)
