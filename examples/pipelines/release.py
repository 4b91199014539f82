"""Waits for a release over HTTP. Needs requests; HOLDPOINT_URL, HOLDPOINT_TOKEN (role pipeline). Usage: release.py JOB"""
import os, sys, requests

api = f"{os.environ['HOLDPOINT_URL']}/api/v1/jobs/{sys.argv[1]}"
holdpoint = requests.Session()
holdpoint.headers["Authorization"] = f"Bearer {os.environ['HOLDPOINT_TOKEN']}"

plan = "migrate the database\nrestart the workers\n"
artifact = {"kind": "plan", "name": "plan.txt", "content": plan}
opened = holdpoint.post(f"{api}/gates", json={"stage": "release", "artifacts": [artifact]}, timeout=30)
opened.raise_for_status()
wait = {"attempt": opened.json()["attempt"], "wait": 60}
while (answer := holdpoint.get(f"{api}/gates/release/decision", params=wait, timeout=90)).status_code != 200:
    if answer.json().get("code") != "still_open":
        sys.exit(answer.text)
decision = answer.json()
if not decision["approved"]:
    sys.exit(f"rejected by {decision['by']}: {decision['notes']}")
released = holdpoint.get(f"{api}/artifacts/artifacts/release/plan.txt", timeout=30)
released.raise_for_status()
print(released.text, end="")
holdpoint.post(f"{api}/complete", timeout=30).raise_for_status()
