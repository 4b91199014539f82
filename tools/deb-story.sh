#!/usr/bin/env bash
# The .deb in a fresh Debian: installed, used, upgraded, removed and purged, each step looked at. `just deb-story` calls it.
# As root, with debootstrap and Debian's packages in reach. Takes two packages: the first is given or built, the second is the same
# commit with another time, a higher version and a changed configuration.
#
#   tools/deb-story.sh [DEB UPGRADE]     (HOLDPOINT_STORY_ROOT: where the Debian is made, /tmp/holdpoint-story unless told)
set -euo pipefail
cd "$(dirname "$0")/.."
root=${HOLDPOINT_STORY_ROOT:-/tmp/holdpoint-story}
served=

say() { printf '\n== %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
is() { [ "$1" = "$2" ] || fail "$3: '$1', not '$2'"; }
has() { grep -qF -- "$2" <<<"$1" || fail "'$2' is not in: $1"; }
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
as() { local who=$1; shift; inside runuser -u "$who" -- sh -c "cd ~ && $*"; }
end() {
    [ -z "$served" ] || kill "$served" 2>/dev/null || true
    for place in dev/null proc; do mountpoint -q "$root/$place" && umount "$root/$place"; done
    return 0
}
trap end EXIT

[ "$(id -u)" = 0 ] || fail "this makes a Debian of its own: it has to run as root"
command -v debootstrap >/dev/null || fail "there is no debootstrap: apt-get install debootstrap"

packages=("$@")
if [ ${#packages[@]} = 0 ]; then
    say "two packages are built"
    kept=target/deb-story
    rm -rf "$kept" && mkdir -p "$kept"
    tools/release.sh
    cp target/packages/holdpoint_*.deb "$kept/"
    # A later day, and one line more in the configuration that comes with it.
    epoch=$(($(git log -1 --format=%ct) + 86400))
    crate=$(cargo pkgid --package holdpoint | sed 's/.*[#@]//')
    SOURCE_DATE_EPOCH=$epoch HOLDPOINT_RELEASE_VERSION=$crate-2 HOLDPOINT_RELEASE_CONFIGURATION="# The second one." tools/release.sh
    cp target/packages/holdpoint_*.deb "$kept/"
    mapfile -t packages < <(ls -v "$kept"/*.deb)
fi
first=${packages[0]} second=${packages[1]}
version_of() { dpkg-deb --field "$1" Version; }
dpkg --compare-versions "$(version_of "$first")" lt "$(version_of "$second")" || fail "$second is no upgrade of $first"

say "a fresh Debian in $root"
rm -rf "$root"
mkdir -p target/debs
uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
debootstrap --cache-dir="$PWD/target/debs" --variant=minbase --include=systemd,man-db,bash-completion,groff-base,curl "$suite" "$root" "$uri" >"$root.log" 2>&1 ||
    { tail -5 "$root.log"; fail "debootstrap, see $root.log"; }
mount -t proc proc "$root/proc"
# Not all of /dev is there in a sandbox; what is read and thrown away must be.
[ -c "$root/dev/null" ] || { rm -f "$root/dev/null"; touch "$root/dev/null"; mount --bind /dev/null "$root/dev/null"; }
cp "$first" "$root/first.deb"
cp "$second" "$root/second.deb"

say "installed"
inside dpkg -i /first.deb
is "$(inside dpkg-query -W -f '${Status}' holdpoint)" "install ok installed" "the package"
is "$(inside getent passwd holdpoint | cut -d: -f6)" /var/lib/holdpoint "the home of the service's user"
is "$(stat -c %a "$root/var/lib/holdpoint")" 700 "the rights of the service's directory"
inside systemd-analyze verify --man=yes holdpoint.service
[ -e "$root/etc/systemd/system/multi-user.target.wants/holdpoint.service" ] && fail "the service starts without a token"
one=$(inside holdpoint --version)
has "$one" "holdpoint $(cargo pkgid --package holdpoint | sed 's/.*[#@]//') ("
has "$one" "SQLite 3."
has "$(inside holdpoint config check --config /etc/holdpoint/operator.yaml)" "/etc/holdpoint/operator.yaml: ok"

say "used by a person"
inside useradd -m ana
has "$(as ana holdpoint init --for gates)" "Written: conf/operator.yaml"
as ana "echo 'version 2' > plan.txt"
as ana holdpoint gate open deploy-1 release --artifact plan=plan.txt
has "$(as ana holdpoint gate list)" deploy-1
as ana "holdpoint gate approve deploy-1 release --notes 'reads well'"
decision=$(cat "$root/home/ana/runs/deploy-1/gates/release.json")
has "$decision" '"by": "ana"'
has "$decision" '"notes": "reads well"'
as ana holdpoint decisions verify

say "its pages"
has "$(inside man -w holdpoint-gate-open)" /usr/share/man/man1/
has "$(inside man holdpoint-gate-approve)" "holdpoint gate approve [OPTIONS]"
has "$(inside man 5 holdpoint-operator.yaml)" "gates.*.auto_approve_after_s"

say "completed by bash"
as ana holdpoint gate open deploy-2 release --artifact plan=plan.txt
completed=$(as ana "bash -c '
    source /usr/share/bash-completion/bash_completion
    _completion_loader holdpoint || true
    COMP_WORDS=(holdpoint gate approve \"\") COMP_CWORD=3 COMP_TYPE=9
    \$(complete -p holdpoint | sed \"s/.*-F \\([^ ]*\\).*/\\1/\") holdpoint \"\" approve
    echo \"\${COMPREPLY[*]}\"
'")
is "$completed" deploy-2 "what bash offers"

say "served as the unit serves it"
line=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/holdpoint.service")
is "${line%% *}" /usr/bin/holdpoint "the program of the unit"
token=$(inside holdpoint token new story --role operator)
entry=$(sed -n 's/^ *- {/    - {/p' <<<"$token")
cat >>"$root/etc/holdpoint/operator.yaml" <<YAML
security:
  tokens:
$entry
server: {port: 8319}
YAML
inside runuser -u holdpoint -- sh -c "cd /var/lib/holdpoint && exec $line" &
served=$!
bearer=$(sed -n 's/^ *\(holdpoint_[^ ]*\)$/\1/p' <<<"$token")
for _ in $(seq 50); do
    curl -sf http://127.0.0.1:8319/healthz >/dev/null && break
    kill -0 "$served" || fail "the service has ended"
    sleep 0.2
done
has "$(curl -sf http://127.0.0.1:8319/healthz)" '"healthy"'
has "$(curl -sf -H "Authorization: Bearer $bearer" http://127.0.0.1:8319/metrics)" holdpoint_build_info
inside runuser -u holdpoint -- sh -c 'cd ~ && holdpoint gate open svc-1 release --artifact plan=/etc/hostname --config /etc/holdpoint/operator.yaml --runs runs'
curl -sf -X POST -H "Authorization: Bearer $bearer" -d '{"stage": "release"}' -H 'Content-Type: application/json' \
    http://127.0.0.1:8319/api/v1/jobs/svc-1/approve >/dev/null
has "$(cat "$root/var/lib/holdpoint/runs/svc-1/gates/release.json")" '"by": "story"'
pkill -TERM -P "$served" 2>/dev/null || kill "$served"
wait "$served" || true
served=

say "upgraded"
before=$(sha256sum <"$root/etc/holdpoint/operator.yaml")
inside dpkg -i --force-confdef --force-confold /second.deb
is "$(inside dpkg-query -W -f '${Version}' holdpoint)" "$(version_of "$second")" "the version"
two=$(inside holdpoint --version)
[ "$one" != "$two" ] || fail "the program is the former one: $two"
is "$(sha256sum <"$root/etc/holdpoint/operator.yaml")" "$before" "the changed configuration"
[ -e "$root/etc/holdpoint/operator.yaml.dpkg-dist" ] || fail "the new configuration is not laid beside the changed one"
has "$(as ana holdpoint gate list)" deploy-2
as ana holdpoint decisions verify

say "removed"
inside dpkg -r holdpoint
[ ! -e "$root/usr/bin/holdpoint" ] || fail "the program is still there"
[ -e "$root/etc/holdpoint/operator.yaml" ] || fail "the configuration went with it"
[ -e "$root/var/lib/holdpoint/runs/holdpoint.db" ] || fail "the record went with it"

say "purged"
inside dpkg -P holdpoint
[ ! -e "$root/etc/holdpoint/operator.yaml" ] || fail "the configuration is still there"
[ -e "$root/var/lib/holdpoint/runs/holdpoint.db" ] || fail "the record went with it"
[ -e "$root/home/ana/runs/deploy-1/gates/release.json" ] || fail "somebody's own record went with it"
left=$(inside find /usr /etc -name '*holdpoint*' ! -path '*/sysusers.d/*' ! -name '*.wants' || true)
is "$left" "" "what is left in /usr and /etc"

echo
echo "the story holds: installed, used, served, upgraded, removed, purged"
