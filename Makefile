# npm may run on the Node.js of the machine; its scripts find the one that npm installs here.

.DEFAULT_GOAL := help
.PHONY: help install web run test screenshots lint bench bench-against bench-100m soak build clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1	/p' Makefile

install: node_modules/.package-lock.json ## packages, when package-lock.json has changed

# npm writes this file last.
node_modules/.package-lock.json: package-lock.json
	npm ci --no-progress
	@touch $@

# The page is the last thing that the build of the web app writes.
web/dist/index.html: node_modules/.package-lock.json web/index.html web/vite.config.ts $(shell find web/src web/public -type f)
	npm run -s build:web
	@touch $@

web: install web/dist/index.html ## the web app, when something of it has changed

run: web ## start a node, with a Postgres of its own in ./data
	bin/elnk serve

test: web ## every suite
	tools/install-test-packages.sh test
	npm run -s test

screenshots: web ## every page and state in both languages and themes, 360 and 1,280 pixels wide, into ./screenshots; some:  LOOKS=owner-links
	tools/install-test-packages.sh test
	mkdir -p screenshots
	SCREENSHOTS=screenshots npm run -s test -- --timeout-ms 1200000 test/e2e/looks.test.ts test/e2e/import.test.ts test/e2e/quick-links.test.ts

lint: install ## types, style, who imports whom
	npm run -s lint

bench: web ## every figure beside its baseline
	tools/install-test-packages.sh bench
	npm run -s bench

bench-against: install ## redirects of this checkout beside those of another commit:  COMMIT=v1.2.0
	tools/install-test-packages.sh bench
	npm run -s bench:against -- $(COMMIT)

bench-100m: install ## a hundred million clicks, stored and folded exactly; another number: CLICKS=2000000
	npm run -s bench:100m

soak: web ## the fault tests, many more rounds of them
	tools/install-test-packages.sh test
	npm run -s soak

build: install ## JavaScript in dist/
	npm run -s build

clean: ## remove what install and build have made
	rm -rf dist web/dist node_modules
