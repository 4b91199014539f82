#!/bin/sh
# A pipeline in the shell, on the machine where holdpoint keeps its jobs: makes a plan, waits until somebody has
# released it, goes on with the bytes as decided (a patch may have changed them). Usage: release.sh JOB
set -eu
job=$1

printf 'migrate the database\nrestart the workers\n' > plan.txt

# Exit 3: rejected, 4: still open at a --timeout, 1: canceled. With set -e each of them ends the pipeline here.
holdpoint gate open "$job" release --artifact plan=plan.txt --wait --json > gate.json
plan=$(jq -r '.artifacts[0].file' gate.json)

echo "releasing as $(jq -r .by gate.json) decided:"
cat "$plan"
holdpoint job complete "$job"
