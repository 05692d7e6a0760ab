# What can be done here; `make` alone lists it. Tools are pinned in tools/go.mod.

TOOL := go tool -modfile=tools/go.mod
FUZZTIME ?= 20s
COUNT ?= 6
BENCH ?= .
PUBLIC := $(shell go list ./swarm ./swarm/model ./swarm/source ./swarm/observe ./swarm/journal ./swarm/swarmtest ./planner ./workers ./mock 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help test race lint fmt bench fuzz cover api api-check run soak chaos clients mutants ci busy

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

test: ## run all tests
	go test ./...

race: ## run the tests under the race detector
	go test -race -short ./...

lint: ## gofumpt, go vet and staticcheck
	@out=$$($(TOOL) gofumpt -l .) && [ -z "$$out" ] || { echo "not in gofumpt's form (make fmt):"; echo "$$out"; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...

fmt: ## rewrite all files in gofumpt's form
	$(TOOL) gofumpt -w .

bench: ## run the benchmarks into docs/bench/new.txt (BENCH=regexp COUNT=n); compare: go tool -modfile=tools/go.mod benchstat old.txt new.txt
	@mkdir -p docs/bench
	go test -run xxx -bench '$(BENCH)' -count $(COUNT) ./... | tee docs/bench/new.txt

fuzz: ## run each fuzz target for FUZZTIME (20s)
	@for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "== $$p $$f"; go test -run xxx -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
		done; \
	done

cover: ## statement coverage of each public package, and cover.out for go tool cover
	go test -coverprofile cover.out $(PUBLIC)

api: ## write the faces of the public packages to docs/api
	go test ./internal/arch -run '^TestAPISnapshots$$' -api=write

api-check: ## fail if a public package's face differs from docs/api
	go test ./internal/arch -run '^TestAPISnapshots$$' -api=check

run: ## ask the default question about the Go specification, through the mock
	go run ./examples/longdoc

soak: ## run swarms through mixed faults for 3 minutes; heap and goroutines stay flat
	go test ./workers -run '^TestSoak$$' -soak=3m -v -timeout 10m

chaos: ## meet every fault of the mock's catalogue with a whole run
	go run ./examples/chaos

clients: ## let OpenAI's own clients for Go and Node talk to the mock
	go test ./cmd/swarm -run '^TestTheOfficial' -clients -count 1 -v -timeout 10m

mutants: ## break the scheduler in each listed way and see that its tests fail
	go test ./swarm/internal/schedule -run '^TestMutants$$' -mutants -v -timeout 20m

ci: ## all that the pipeline runs
	.ci/run

BUSY ?= go test -short ./...
busy: ## run BUSY (the short tests) beside sixteen processes that compute; fail after ten minutes
	@pids=; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do sh -c 'while :; do :; done' & pids="$$pids $$!"; done; \
	trap 'kill $$pids' EXIT; timeout 600 $(BUSY)
