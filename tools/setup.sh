#!/usr/bin/env bash
# Makes this machine ready to build and test keratin; quick when nothing is missing.
#   tools/setup.sh            install what is missing
#   tools/setup.sh --library  print the R library keratin is installed into
# On Debian and its relatives root gets R and the r-cran-* packages from apt. Everything else comes from install.packages().
set -euo pipefail
cd "$(dirname "$0")/.."

can_apt() { command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; }

# The library: R_LIBS_USER if the caller set it, else the first library R can write to, else one inside the checkout.
library() {
  local candidate
  if [ -n "${R_LIBS_USER:-}" ]; then
    mkdir -p "$R_LIBS_USER" && echo "$R_LIBS_USER" && return
  fi
  candidate=$(Rscript -e 'writable <- .libPaths()[file.access(.libPaths(), 2) == 0]; if (length(writable)) cat(writable[1])')
  if [ -z "$candidate" ]; then
    candidate=$PWD/.Rlib
    mkdir -p "$candidate"
  fi
  echo "$candidate"
}

if ! command -v Rscript >/dev/null; then
  if ! can_apt; then
    echo "R is not installed, and this is not root on a Debian-like system. Install R (>= 4.1) first: https://cran.r-project.org" >&2
    exit 1
  fi
  echo "Installing R ..." >&2
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends r-base-dev >&2
fi

if [ "${1:-}" = "--library" ]; then
  library
  exit
fi

compiler=$(R CMD config CXX17 | cut -d' ' -f1)
if ! command -v "$compiler" >/dev/null; then
  if ! can_apt; then
    echo "The C++ compiler R was built for ($compiler) is not installed." >&2
    exit 1
  fi
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends r-base-dev >&2
fi

lib=$(library)
missing() { R_LIBS="$lib${R_LIBS:+:$R_LIBS}" Rscript tools/packages.R missing "$lib"; }

needed=$(missing)
if [ -n "$needed" ] && can_apt; then
  echo "Missing R packages: $(echo $needed). Asking apt ..." >&2
  apt-get update -qq >&2 || true
  for package in $needed; do
    debian=r-cran-$(echo "$package" | tr '[:upper:]' '[:lower:]')
    if apt-cache show "$debian" >/dev/null 2>&1; then
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$debian" >&2 || true
    fi
  done
  needed=$(missing)
fi
if [ -n "$needed" ]; then
  R_LIBS="$lib${R_LIBS:+:$R_LIBS}" Rscript tools/packages.R install "$lib" $needed
fi
