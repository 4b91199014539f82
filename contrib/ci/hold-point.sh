#!/bin/sh
# A hold point for any CI system that runs a shell; needs curl and jq. It only asks: no token of the role pipeline decides.
#
#   hold-point.sh wait JOB STAGE FILE   opens a gate on the bytes of FILE and waits; then FILE has the bytes as decided
#   hold-point.sh complete JOB          ends the job, behind the last step
#
# HOLDPOINT_URL    http(s)://host[:port]
# HOLDPOINT_TOKEN  a token with the role pipeline
# HOLDPOINT_TITLE, _WHY, _REQUESTER, _SEVERITY, _LINK   what the operator is told; each may be missing
# HOLDPOINT_HEARTBEAT_S   a runner that is gone for so many seconds takes its gate back (600); 0: the gate stays
# HOLDPOINT_DECISION      a file that gets the decision as JSON
#
# Ends with 0: approved, 3: rejected, 1: withdrawn, canceled or refused. A server that is away for a while is waited for. A step that is
# run again with the same JOB and the same bytes goes on with the same gate.
set -eu
: "${HOLDPOINT_URL:?is the address of a holdpoint server}" "${HOLDPOINT_TOKEN:?is a token with the role pipeline}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# In a file of our own: a command line is seen by everybody on the machine.
(umask 077 && printf 'Authorization: Bearer %s\nContent-Type: application/json\n' "$HOLDPOINT_TOKEN" > "$work/headers")
call() { curl -sS --max-time 90 -H "@$work/headers" "$@"; }
# The status; the answer is in $work/answer.
asked() {
    call -o "$work/answer" -w '%{http_code}' "$@" 2> "$work/fault" || true
}
# A status that may pass: no answer, too often, not now.
is_passing() { case $1 in 000 | '' | 408 | 429 | 5??) return 0 ;; *) return 1 ;; esac; }
refused() {
    if [ -s "$work/answer" ]; then jq -r '.detail | if type == "string" then . else tojson end' "$work/answer" 2> /dev/null || cat "$work/answer"; fi >&2
    exit 1
}
# The same request until it is answered for good.
insist() {
    while :; do
        status=$(asked "$@")
        is_passing "$status" || break
        echo "holdpoint does not answer ($status); again in 5 s" >&2
        sleep 5
    done
}

case ${1:-} in
complete)
    [ $# = 2 ] || { sed -n '2,7p' "$0" >&2; exit 2; }
    insist -X POST "$HOLDPOINT_URL/api/v1/jobs/$2/complete"
    [ "$status" = 200 ] || refused
    exit 0
    ;;
wait) [ $# = 4 ] || { sed -n '2,7p' "$0" >&2; exit 2; } ;;
*) sed -n '2,7p' "$0" >&2; exit 2 ;;
esac

job=$2 stage=$3 file=$4
api=$HOLDPOINT_URL/api/v1/jobs/$job
heartbeat=${HOLDPOINT_HEARTBEAT_S:-600}
base64 < "$file" | tr -d '\n' > "$work/content"
jq -n --rawfile content "$work/content" --arg stage "$stage" --arg name "$(basename "$file")" --argjson heartbeat "$heartbeat" \
    --arg title "${HOLDPOINT_TITLE:-}" --arg why "${HOLDPOINT_WHY:-}" --arg requester "${HOLDPOINT_REQUESTER:-}" \
    --arg severity "${HOLDPOINT_SEVERITY:-}" --arg link "${HOLDPOINT_LINK:-}" '
    {stage: $stage, artifacts: [{kind: $stage, name: $name, content_base64: $content}],
     context: ({title: $title, why: $why, requester: $requester, severity: $severity}
       | with_entries(select(.value != "")) + if $link == "" then {} else {links: [{name: "pipeline", url: $link}]} end)}
    + if $heartbeat > 0 then {heartbeat_s: $heartbeat} else {} end' > "$work/gate"
insist --data-binary "@$work/gate" "$api/gates"
case $status in 200 | 201) ;; *) refused ;; esac
attempt=$(jq .attempt "$work/answer")

withdraw() {
    trap - INT TERM HUP
    call -X POST -d "{\"attempt\": $attempt, \"reason\": \"the pipeline was canceled\"}" "$api/gates/$stage/withdraw" > /dev/null || true
    exit 1
}
trap withdraw INT TERM HUP
echo "$job / $stage #$attempt waits for a decision: holdpoint gate show $job $stage"

while :; do
    # In the background, so that a signal is heard at once.
    asked "$api/gates/$stage/decision?attempt=$attempt&wait=60" > "$work/status" &
    wait $! || true
    status=$(cat "$work/status")
    [ "$status" != 200 ] || break
    if is_passing "$status"; then
        sleep 5
    elif [ "$(jq -r .code "$work/answer" 2> /dev/null)" != still_open ]; then
        refused
    elif [ "$heartbeat" -gt 0 ]; then
        asked -X POST -d "{\"attempt\": $attempt}" "$api/gates/$stage/alive" > /dev/null
    fi
done
trap - INT TERM HUP
cp "$work/answer" "$work/decision"
[ -z "${HOLDPOINT_DECISION:-}" ] || cp "$work/decision" "$HOLDPOINT_DECISION"
jq -r '"\(if .approved then "approved" else "rejected" end) by \(.by)\(if .notes then ": \(.notes)" else "" end)"' "$work/decision"
jq -e .approved "$work/decision" > /dev/null || exit 3
insist "$api/artifacts/artifacts/$stage/$(basename "$file")"
[ "$status" = 200 ] || refused
cp "$work/answer" "$file"
