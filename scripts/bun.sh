#!/bin/sh
# Runs its arguments with the Bun that package.json pins, on a machine that has only Node's npm or
# only a Bun of any version. The first run sets up node_modules from bun.lock; later runs cost two
# small programs. POSIX sh, Linux and macOS. Reasons: scripts/README.md.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
modules=$root/node_modules
# What an earlier run set up: `bun`, a link to the executable, and `bun.lock`, the lock file that
# node_modules was installed from. Named by the system, so that a checkout shared with a container
# keeps one for each.
state=$modules/.obelisk-$(uname -sm | tr ' ' -)

if [ -x "$state/bun" ] && cmp -s "$root/bun.lock" "$state/bun.lock"; then
  exec "$state/bun" "$@"
fi

fail() {
  printf 'obelisk: %s\n' "$*" >&2
  exit 1
}

# Runs a step in silence; if it fails, shows what it printed and stops.
step() {
  what=$1
  shift
  if ! "$@" >"$state/log" 2>&1; then
    tail -n 20 "$state/log" >&2
    fail "could not install $what (see above); without a network, set up on a machine that has one"
  fi
}

# Is this a working Bun of the pinned version?
is_pinned() {
  [ "$("$1" --version 2>/dev/null)" = "$version" ]
}

# Prints the pinned Bun of a node_modules. An install script moves the executable from the package
# for this system (under @oven) into the package `bun`; where such scripts are forbidden, it is
# still in its first place.
pinned_in() {
  for bun in "$1"/bun/bin/bun.exe "$1"/@oven/bun-*/bin/bun; do
    is_pinned "$bun" && printf '%s\n' "$bun" && return
  done
  return 1
}

# Prints a Bun of any version: the one in PATH, or the one that runs this script.
any_bun() {
  for bun in bun "${npm_execpath:-bun}"; do
    case $bun in
    *bun) "$bun" --version >/dev/null 2>&1 && command -v "$bun" && return ;;
    esac
  done
  return 1
}

version=$(sed -n 's/^ *"bun": *"\([0-9][^"]*\)".*/\1/p' "$root/package.json")
[ -n "$version" ] || fail "package.json pins no Bun version"
mkdir -p "$state"
printf 'obelisk: setting up Bun %s and the development tools (once)\n' "$version" >&2

found=$(any_bun) || found=
if installer=$(pinned_in "$modules"); then
  :
elif [ -n "$found" ] && is_pinned "$found"; then
  installer=$found
else
  seed=$state/seed
  rm -rf "$seed"
  mkdir -p "$seed"
  printf '{}\n' >"$seed/package.json"
  if [ -n "$found" ]; then
    step "Bun $version" "$found" add --no-save --cwd "$seed" "bun@$version"
  elif command -v npm >/dev/null 2>&1; then
    step "Bun $version" npm install --prefix "$seed" --no-save --no-package-lock --no-audit \
      --no-fund --include=optional --fetch-retries=2 --fetch-retry-mintimeout=1000 "bun@$version"
  else
    fail "this needs npm (from Node.js) or Bun, and finds neither in PATH"
  fi
  installer=$(pinned_in "$seed/node_modules") ||
    fail "no build of Bun $version runs on this system ($(uname -sm))"
fi

step "the development tools" "$installer" install --frozen-lockfile --cwd "$root"
bun=$(pinned_in "$modules") ||
  fail "bun.lock does not bring Bun $version for this system ($(uname -sm))"
rm -rf "$state/seed" "$state/log"
ln -sf "$bun" "$state/bun"
cp "$root/bun.lock" "$state/bun.lock"
exec "$state/bun" "$@"
