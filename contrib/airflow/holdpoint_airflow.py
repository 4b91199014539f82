"""An Airflow operator that opens a gate in holdpoint and waits for its decision as a trigger: no worker is held meanwhile.

    HoldPointOperator(task_id="release", job="nightly-{{ ds_nodash }}", stage="release", name="plan.txt", content=plan)

Address and token (role pipeline) come from the Connection `holdpoint`: host, port, schema (http or https) and password. What is returned
is the artifact as it was decided: whoever approves may have changed it. A rejection fails the task without another try.

The trigger only looks. It decides nothing, keeps nothing and knows no secret: whatever is left of a triggerer, another one begins it again.
Airflow 2.10 and 3.
"""

import asyncio

import httpx
from asgiref.sync import sync_to_async

try:
    from airflow.sdk import BaseHook, BaseOperator
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
except ImportError:  # Airflow 2
    from airflow.exceptions import AirflowException, AirflowFailException
    from airflow.hooks.base import BaseHook
    from airflow.models.baseoperator import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent

# A look that waits is answered as soon as somebody has decided.
WAIT_S = 30
# After one that was not answered: the server is away, or has no place for another that waits.
AGAIN_S = 5


def settings(conn_id):
    """Where holdpoint is, and what opens it."""
    connection = BaseHook.get_connection(conn_id)
    port = f":{connection.port}" if connection.port else ""
    return {
        "base_url": f"{connection.schema or 'https'}://{connection.host}{port}/api/v1/jobs/",
        "headers": {"Authorization": f"Bearer {connection.password}"},
        "timeout": 60,
    }


def code(answer):
    """What holdpoint calls the refusal; none: a proxy answered in its place."""
    try:
        return answer.json().get("code")
    except (ValueError, AttributeError):
        return None


class HoldPointTrigger(BaseTrigger):
    """Waits until the attempt of a gate is decided, or will not be any more."""

    def __init__(self, conn_id, job, stage, attempt):
        super().__init__()
        self.conn_id, self.job, self.stage, self.attempt = conn_id, job, stage, attempt

    def serialize(self):
        return (
            "holdpoint_airflow.HoldPointTrigger",
            {"conn_id": self.conn_id, "job": self.job, "stage": self.stage, "attempt": self.attempt},
        )

    async def run(self):
        path = f"{self.job}/gates/{self.stage}/decision"
        asked = {"attempt": self.attempt, "wait": WAIT_S}
        async with httpx.AsyncClient(**await sync_to_async(settings)(self.conn_id)) as client:
            while True:
                try:
                    answer = await client.get(path, params=asked)
                except httpx.TransportError as error:
                    self.log.warning("holdpoint is away: %s", error)
                    await asyncio.sleep(AGAIN_S)
                    continue
                if answer.status_code == 404 and code(answer) == "still_open":
                    # A server that is leaving answers at once.
                    await asyncio.sleep(1)
                    continue
                if answer.status_code == 429 or answer.status_code >= 500:
                    self.log.warning("no answer now: %s", answer.status_code)
                    await asyncio.sleep(AGAIN_S)
                    continue
                # What it came to is for the task to read: it goes by what the record says then.
                yield TriggerEvent({"attempt": self.attempt, "status": answer.status_code})
                return


class HoldPointOperator(BaseOperator):
    """Succeeds when the gate is approved, with the artifact as decided; fails when it is rejected or canceled."""

    template_fields = ("job", "stage", "name", "content", "title", "why")

    def __init__(self, *, job, stage, name, content, kind="plan", title=None, why=None, conn_id="holdpoint", **arguments):
        super().__init__(**arguments)
        self.job, self.stage, self.name, self.content, self.kind = job, stage, name, content, kind
        self.title, self.why, self.conn_id = title, why, conn_id

    def call(self, method, path, **more):
        with httpx.Client(**settings(self.conn_id)) as client:
            return client.request(method, f"{self.job}/{path}", **more)

    def execute(self, context):
        # A try that comes after a decision goes by it. One that comes before opens the gate once more: with the same bytes that is the same gate.
        answer = self.call("GET", f"gates/{self.stage}/decision")
        if answer.status_code == 200:
            return self.decided(answer.json())
        if code(answer) not in ("not_found", "still_open"):
            raise AirflowException(f"no decision: {answer.status_code} {answer.text}")
        about = {key: text for key, text in (("title", self.title), ("why", self.why)) if text}
        artifact = {"kind": self.kind, "name": self.name, "content": self.content}
        gate = {"stage": self.stage, "artifacts": [artifact], **({"context": about} if about else {})}
        opened = self.call("POST", "gates", json=gate)
        if not opened.is_success:
            raise AirflowException(f"the gate was not opened: {opened.status_code} {opened.text}")
        attempt = opened.json()["attempt"]
        self.log.info("%s waits at %s, attempt %s", self.job, self.stage, attempt)
        trigger = HoldPointTrigger(self.conn_id, self.job, self.stage, attempt)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=self.execution_timeout)

    def execute_complete(self, context, event):
        answer = self.call("GET", f"gates/{self.stage}/decision", params={"attempt": event["attempt"]})
        if answer.status_code == 404:
            raise AirflowFailException(f"there will be no decision: {answer.text}")
        if answer.status_code != 200:
            raise AirflowException(f"no decision: {answer.status_code} {answer.text}")
        return self.decided(answer.json())

    def decided(self, decision):
        if not decision["approved"]:
            raise AirflowFailException(f"rejected by {decision['by']}: {decision['notes'] or 'no reason given'}")
        self.log.info("approved by %s", decision["by"])
        artifact = self.call("GET", f"artifacts/artifacts/{self.stage}/{self.name}")
        if artifact.status_code != 200:
            raise AirflowException(f"no artifact: {artifact.status_code} {artifact.text}")
        return artifact.text
