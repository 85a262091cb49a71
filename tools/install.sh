#!/usr/bin/env bash
# tools/install.sh LIBRARY: builds and installs keratin there, unless what is installed was made from the same sources.
set -euo pipefail
cd "$(dirname "$0")/.."
lib=$1
stamp=$lib/keratin/installed-from-checkout

# By content: times of files say nothing when another checkout installed into the same library.
fingerprint=$({ R --version | head -n 1; find DESCRIPTION NAMESPACE R src inst man demo -type f ! -name '*.o' ! -name '*.so' -exec cksum {} + | LC_ALL=C sort; } | cksum)
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$fingerprint" ]; then
  exit 0
fi
# make knows nothing of headers: when one is newer than the objects, all are made again.
if find src \( -name '*.h' -o -name '*.def' -o -name 'Makevars*' \) -newer src/keratin.so 2>/dev/null | grep -q . || [ ! -e src/keratin.so ]; then
  find src -name '*.o' -delete
fi
echo "Building keratin and installing it into $lib ..."
# Without debug symbols, which take a third of the compiler's time.
flags=$(R CMD config CXX17FLAGS | sed -E 's/(^| )-g[0-9]?( |$)/ /')
log=$(mktemp)
if ! MAKEFLAGS="-j${KERATIN_BUILD_JOBS:-2} CXX17FLAGS=${flags// /\\ }" R CMD INSTALL --library="$lib" . >"$log" 2>&1; then
  grep -E -A6 'error|ERROR' "$log" | head -60 || true
  echo "The build failed; the whole log is in $log" >&2
  exit 1
fi
rm -f "$log"
echo "$fingerprint" >"$stamp"
