#!/usr/bin/env bash
# Everything that is handed out, in target/packages: a tarball, a .deb, an .rpm, and SHA256SUMS of them. `just release` calls it.
# Needs a Rust toolchain and a C compiler; cargo-deb and cargo-generate-rpm are built into target/ where they are not installed.
#
#   HOLDPOINT_RELEASE_PROFILE  the Cargo profile: dist unless told
#   HOLDPOINT_RELEASE_BUILT    set: the program of that profile is there already, and is taken as it is
#   HOLDPOINT_RELEASE_VERSION  the version of the packages: the crate's unless told
#   HOLDPOINT_RELEASE_CONFIGURATION  a line more in /etc/holdpoint/operator.yaml, for tools/deb-story.sh
#   SOURCE_DATE_EPOCH          the time of everything: the commit's unless told
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${HOLDPOINT_RELEASE_PROFILE:-dist}
crate=$(cargo pkgid --package holdpoint | sed 's/.*[#@]//')
version=${HOLDPOINT_RELEASE_VERSION:-$crate}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
host=$(rustc -vV | sed -n 's/^host: //p')
out=target/packages
files=$out/files
rm -rf "$out"
mkdir -p "$files/man"

# Whoever builds leaves no trace of their directories in what is built.
home=${CARGO_HOME:-$HOME/.cargo}
export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$home=cargo --remap-path-prefix=$PWD=holdpoint"

# A tool of Cargo's, built here unless it is installed.
tool() {
    local name=$1 version=$2
    command -v "$name" || {
        RUSTFLAGS= CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            cargo install --quiet --locked --root "target/$name" "$name@$version" >&2
        echo "$PWD/target/$name/bin/$name"
    }
}

# bin/, man pages, completions, the unit and its files, the configuration: $1 the target, $2 the program.
tarball() {
    local name=holdpoint-$version-$1
    local tree=$out/$name
    mkdir -p "$tree/bin" "$tree/share/completions" "$tree/systemd"
    install -m 755 "$2" "$tree/bin/holdpoint"
    cp -r "$files/man" "$tree/share/"
    cp "$files"/holdpoint.bash "$files"/holdpoint.fish "$files"/_holdpoint "$tree/share/completions/"
    cp contrib/systemd/* "$tree/systemd/"
    cp "$files/operator.yaml" "$files/THIRD-PARTY.md" README.md CHANGELOG.md LICENSE* "$tree/"
    tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw -C "$out" -cf - "$name" |
        gzip -n >"$out/$name.tar.gz"
    rm -r "$tree"
}

# Of this machine's kind.
directory=${CARGO_TARGET_DIR:-target}
[ "$profile" = dev ] && kind=debug || kind=$profile
program=$directory/$kind/holdpoint
[ -n "${HOLDPOINT_RELEASE_BUILT:-}" ] || cargo build --locked --profile "$profile" --bin holdpoint
"$program" man "$files/man"
tools/third-party.sh --texts >"$files/THIRD-PARTY.md"
for shell in bash fish; do
    "$program" completions "$shell" >"$files/holdpoint.$shell"
done
"$program" completions zsh >"$files/_holdpoint"
"$program" init --for gates --config "$files/operator.yaml"
[ -z "${HOLDPOINT_RELEASE_CONFIGURATION:-}" ] || echo "$HOLDPOINT_RELEASE_CONFIGURATION" >>"$files/operator.yaml"
# Packages have the program in /usr/bin.
sed 's,/usr/local/,/usr/,g' contrib/systemd/holdpoint.service >"$files/holdpoint.service"
tarball "$host" "$program"

deb=$(tool cargo-deb 3.8.0)
"$deb" deb --quiet --no-build --profile "$profile" --deb-version "$version" --output "$out/"
rpm=$(tool cargo-generate-rpm 0.21.1)
"$rpm" generate-rpm --profile "$profile" --set-metadata "version = '${version//-/_}'" --output "$out/"

# One that needs nothing of the machine it runs on, where Rust can build it here.
static=${host/-gnu/-musl}
if [ -d "$(rustc --print target-libdir --target "$static" 2>/dev/null)" ]; then
    cargo build --locked --profile "$profile" --bin holdpoint --target "$static"
    tarball "$static" "$directory/$static/$kind/holdpoint"
else
    echo "no static program: rustup target add $static, and a C compiler for it (musl-tools)" >&2
fi

(cd "$out" && sha256sum ./*.tar.gz ./*.deb ./*.rpm | sed 's,\./,,' >SHA256SUMS && cat SHA256SUMS)
