#!/bin/sh
# Installs the programs that tests or benchmarks start and npm does not bring:  tools/install-test-packages.sh test|bench
# Only on Debian and its like, as root; elsewhere it says what is missing. Each program is named like its package.
set -eu

TEST_PROGRAMS='redis-server chromium'
BENCH_PROGRAMS='wrk'

case ${1-} in
  test) programs=$TEST_PROGRAMS ;;
  bench) programs=$BENCH_PROGRAMS ;;
  *)
    echo "usage: $0 test|bench" >&2
    exit 1
    ;;
esac

missing=''
for program in $programs; do
  command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

if [ -f /etc/debian_version ] && [ "$(id -u)" -eq 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  # shellcheck disable=SC2086 # a list of words
  apt-get -qq install -y --no-install-recommends $missing
else
  echo "missing, and needed to $1:$missing" >&2
fi
