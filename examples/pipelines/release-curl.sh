#!/bin/sh
# The same from any machine, with curl and jq alone. HOLDPOINT_URL is http(s)://host[:port], HOLDPOINT_TOKEN a token with the
# role pipeline. Usage: release-curl.sh JOB
set -eu
api=$HOLDPOINT_URL/api/v1/jobs/$1
call() { curl -sS --fail-with-body -H "Authorization: Bearer $HOLDPOINT_TOKEN" "$@"; }

printf 'migrate the database\nrestart the workers\n' > plan.txt
jq -n --rawfile plan plan.txt '{stage: "release", artifacts: [{kind: "plan", name: "plan.txt", content: $plan}]}' |
    call -H 'Content-Type: application/json' --data-binary @- "$api/gates" > gate.json
attempt=$(jq .attempt gate.json)

# The answer comes as soon as somebody has decided; 404 with the code still_open: ask again.
until call "$api/gates/release/decision?attempt=$attempt&wait=60" > decision.json; do
    [ "$(jq -r .code decision.json)" = still_open ] || exit 1
done
jq -e .approved decision.json > /dev/null || exit 3

echo "releasing as $(jq -r .by decision.json) decided:"
call "$api/artifacts/artifacts/release/plan.txt"
call -X POST "$api/complete" > /dev/null
