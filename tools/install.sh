#!/usr/bin/env bash
# tools/install.sh LIBRARY: builds and installs keratin there, unless what is installed is newer than every source.
set -euo pipefail
cd "$(dirname "$0")/.."
lib=$1
stamp=$lib/keratin/installed-from-checkout

if [ -e "$stamp" ] && ! find DESCRIPTION NAMESPACE R src inst man -newer "$stamp" ! -name '*.o' ! -name '*.so' ! -type d 2>/dev/null | grep -q .; then
  exit 0
fi
# make knows nothing of headers: when one is newer than the objects, all are made again.
if find src \( -name '*.h' -o -name '*.def' -o -name 'Makevars*' \) -newer src/keratin.so 2>/dev/null | grep -q . || [ ! -e src/keratin.so ]; then
  find src -name '*.o' -delete
fi
echo "Building keratin and installing it into $lib ..."
log=$(mktemp)
if ! MAKEFLAGS="-j${KERATIN_BUILD_JOBS:-2}" R CMD INSTALL --library="$lib" . >"$log" 2>&1; then
  grep -E -A6 'error|ERROR' "$log" | head -60 || true
  echo "The build failed; the whole log is in $log" >&2
  exit 1
fi
rm -f "$log"
touch "$stamp"
