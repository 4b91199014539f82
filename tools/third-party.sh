#!/usr/bin/env bash
# The crates that are built in, with their licences, as Markdown; with --texts also what their authors ask to be handed on with a
# binary. `just notices` writes THIRD-PARTY.md with it, tools/release.sh the texts of a package.
# Own lines, not cargo-about: the list is one `cargo tree`, and the texts lie beside the sources that cargo has fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

crates() {
    cargo tree --locked --offline --quiet --package holdpoint --edges normal --prefix none --format '{p}|{l}' |
        grep -v -e "(/" -e "^$" | sed 's/ (proc-macro)//; s/ (\*)//; s/ v\([0-9]\)/|\1/' | LC_ALL=C sort -u
}

cat <<'END'
# What is built in

holdpoint's own code is MIT or Apache-2.0. These crates are built into it, under their own licences. `deny.toml` says which licences may
be, and `just notices` writes this list, which a test keeps current. The sources of each, those under MPL-2.0 included, are published under its
name and version in the registry of Rust's packages, where `cargo` finds them. SQLite, which `libsqlite3-sys` brings, is in the public domain.

| crate | version | licence |
|---|---|---|
END
crates | awk -F'|' '{ print "| " $1 " | " $2 " | " $3 " |" }'

[ "${1:-}" = --texts ] || exit 0
declare -A seen
crates | while IFS='|' read -r name version _; do
    directory=$(compgen -G "${CARGO_HOME:-$HOME/.cargo}/registry/src/*/$name-$version" | head -n 1)
    for text in "$directory"/{LICEN[CS]E,COPYING,NOTICE,UNLICENSE}*; do
        # Where either licence may be taken, the short one is.
        case $text in *APACHE*) compgen -G "$directory/LICENSE*MIT*" >/dev/null && continue ;; esac
        [ -f "$text" ] || continue
        printf '\n## %s %s: %s\n\n' "$name" "$version" "$(basename "$text")"
        sum=$(sha256sum <"$text")
        if [ -n "${seen[$sum]:-}" ]; then
            echo "The text is that of ${seen[$sum]}."
        else
            seen[$sum]="$name $version"
            sed 's/^/    /; s/[[:space:]]*$//' "$text"
        fi
    done
done
