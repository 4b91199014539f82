"""What the examples for Prefect and Dagster ask holdpoint: open a gate, wait for its decision, take the bytes as decided. It only asks: HOLDPOINT_TOKEN
has the role pipeline, which decides nothing. Asked again with the same bytes, as after a retry, it goes on with the same gate."""

import json
import os
import time
import urllib.error
import urllib.request


class Rejected(Exception):
    """Somebody said no: there is nothing to try again."""


def call(path, body=None, wait_s=0):
    """The status, and the bytes of the answer; a server that is away is waited for."""
    while True:
        request = urllib.request.Request(
            f"{os.environ['HOLDPOINT_URL']}/api/v1/jobs/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {os.environ['HOLDPOINT_TOKEN']}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=wait_s + 30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            if error.code not in (408, 429, 500, 502, 503, 504):
                return error.code, error.read()
        except OSError:
            pass
        time.sleep(5)


def hold_point(job, stage, name, content, **context):
    """The text as decided. `context` is what the operator is told: title, why, severity, requester."""
    artifact = {"kind": stage, "name": name, "content": content}
    status, answer = call(f"{job}/gates", {"stage": stage, "artifacts": [artifact], "context": context})
    if status not in (200, 201):
        raise RuntimeError(f"the gate was not opened: {answer.decode()}")
    attempt = json.loads(answer)["attempt"]
    while True:
        status, answer = call(f"{job}/gates/{stage}/decision?attempt={attempt}&wait=60", wait_s=60)
        decision = json.loads(answer)
        if status == 200:
            break
        if decision.get("code") != "still_open":
            raise RuntimeError(f"no decision: {decision['detail']}")
    if not decision["approved"]:
        raise Rejected(f"rejected by {decision['by']}: {decision['notes']}")
    status, answer = call(f"{job}/artifacts/artifacts/{stage}/{name}")
    if status != 200:
        raise RuntimeError(f"no artifact: {answer.decode()}")
    return answer.decode()


def complete(job):
    """The job is done."""
    status, answer = call(f"{job}/complete", {})
    if status != 200:
        raise RuntimeError(answer.decode())
