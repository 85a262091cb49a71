# keratin from a fresh clone: `make demo` trains a model, `make test` runs every check.
# Both install what is missing first (tools/setup.sh) and use the library that script chooses.
SHELL := /bin/bash
LIBRARY = $$(tools/setup.sh --library)
RSCRIPT = R_LIBS="$(LIBRARY)$${R_LIBS:+:$$R_LIBS}" Rscript

.PHONY: demo test install setup docs check bench clean

demo: install
	@mkdir -p demo-output
	@$(RSCRIPT) demo/sunspots.R demo-output/sunspots.png

test: install
	@$(RSCRIPT) tools/run-tests.R

install: setup
	@tools/install.sh "$(LIBRARY)"

setup:
	@tools/setup.sh

# Rcpp glue, NAMESPACE and man/ from the sources.
docs: setup
	@$(RSCRIPT) -e 'Rcpp::compileAttributes("."); roxygen2::roxygenise(".", load_code = roxygen2::load_source)'

# CRAN's checks, without those that need the network.
check: setup
	@rm -rf keratin.Rcheck && R CMD build .
	@_R_CHECK_CRAN_INCOMING_=false MAKEFLAGS=-j2 R CMD check --as-cran --no-manual keratin_*.tar.gz

bench: install
	@$(RSCRIPT) bench/run.R

clean:
	@find src -name '*.o' -delete; rm -f src/*.so keratin_*.tar.gz; rm -rf keratin.Rcheck demo-output
