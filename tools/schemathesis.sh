#!/usr/bin/env bash
# Property-based requests against the running server, made from its own OpenAPI document: every check, valid and invalid data.
# Makes its own server, runs directory and Python environment in a temporary directory; needs python3 with venv, and PyPI.
#
#   tools/schemathesis.sh [holdpoint binary] [examples per operation]     default: target/debug/holdpoint 50
set -euo pipefail
binary=$(realpath "${1:-target/debug/holdpoint}")
examples=${2:-50}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

# SCHEMATHESIS=path/to/schemathesis uses one that is installed already.
if [ -z "${SCHEMATHESIS:-}" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet schemathesis
    SCHEMATHESIS=$work/venv/bin/schemathesis
fi

token=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
mkdir "$work/conf"
cat > "$work/conf/operator.yaml" <<YAML
gates: {outline: {}, script: {auto_approve: true, auto_approve_after_s: 3600}}
server: {port: 0, log_level: warning}
# The check that every route needs a token comes without one more often than a person who guesses may, and expects 401 each time; that
# guesses are slowed down is tested in tests/program/http/limits.rs.
security: {rate_limiting: {enabled: false, unauthorized_per_minute: 1000000}}
YAML
cd "$work"
ADMIN_TOKEN=$token "$binary" serve --config conf/operator.yaml > server.log 2>&1 &
server=$!
# The address is told at the level info only; the port is found by asking for it.
for _ in $(seq 100); do
    port=$(ss -ltnpH 2>/dev/null | awk -v pid="pid=$server," 'index($0, pid) { sub(/.*:/, "", $4); print $4; exit }')
    [ -z "$port" ] || break
    sleep 0.1
done
[ -n "$port" ] || { cat server.log; echo "holdpoint does not serve" >&2; exit 1; }

# Jobs and gates that the requests can meet by their names.
call() { curl -sS -o /dev/null --fail-with-body -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }
api=http://127.0.0.1:$port/api/v1
for job in a b c; do
    call "$api/jobs/$job/gates" -d '{"stage": "outline", "artifacts": [{"kind": "plan", "name": "plan", "content": "one\n"}]}'
done

# Waiting for a decision is not what is tested here: no request may take minutes. Whether a patch fits is a matter of the artifact, which no
# schema can say: where one comes with a request, 422 is an answer to data that the schema allows (WIRE: the reason why it does not fit). So
# it is where two files of one request have the same name.
cat > schemathesis.toml <<'TOML'
[parameters]
"query.wait" = 0

[[operations]]
include-path-regex = "/(approve|reject|apply|undo|gates)$"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 422, 429]
TOML
# Not "created resource not found": it takes every 404 after a new job for a lost one, and WIRE has 404 also for a stage, named in the body, whose
# gate has not opened. That a new job is found is tested in tests/program/http/routes.rs.
"$SCHEMATHESIS" --config-file schemathesis.toml run "http://127.0.0.1:$port/openapi.json" \
    --header "Authorization: Bearer $token" \
    --checks all --exclude-checks ensure_resource_availability --mode all --max-examples "$examples" --continue-on-failure --generation-deterministic \
    --request-timeout 30 --workers 1 --suppress-health-check all --exclude-path /api/v1/jobs/{id}/events/stream
