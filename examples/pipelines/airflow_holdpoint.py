"""An Airflow operator that opens a gate and waits for its decision without holding a worker: between two looks it is deferred to the
scheduler (mode="reschedule"). HOLDPOINT_URL and HOLDPOINT_TOKEN (role pipeline) come from the environment of the workers.

    HoldPoint(task_id="release", job="nightly-{{ ds_nodash }}", stage="release", name="plan.txt", content=plan)
"""

import json
import os
import urllib.error
import urllib.request

from airflow.exceptions import AirflowException

try:
    from airflow.sdk import BaseSensorOperator
except ImportError:  # Airflow 2
    from airflow.sensors.base import BaseSensorOperator


class HoldPoint(BaseSensorOperator):
    """Succeeds when the gate is approved, with the artifact as decided as its value; fails when it is rejected or canceled."""

    template_fields = ("job", "stage", "content")

    def __init__(self, *, job, stage, name, content, kind="plan", **arguments):
        arguments.setdefault("mode", "reschedule")
        super().__init__(**arguments)
        self.job, self.stage, self.name, self.content, self.kind = job, stage, name, content, kind

    def call(self, path, body=None):
        """The status, and the bytes of the answer."""
        request = urllib.request.Request(
            f"{os.environ['HOLDPOINT_URL']}/api/v1/jobs/{self.job}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {os.environ['HOLDPOINT_TOKEN']}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def poke(self, context):
        """One look. A decided gate is not opened again; opening it once more with the same bytes gives the same gate."""
        path = f"/gates/{self.stage}/decision"
        status, answer = self.call(path)
        if status == 404 and json.loads(answer)["code"] == "not_found":
            artifact = {"kind": self.kind, "name": self.name, "content": self.content}
            status, answer = self.call("/gates", {"stage": self.stage, "artifacts": [artifact]})
            if status not in (200, 201):
                raise AirflowException(f"the gate was not opened: {answer.decode()}")
            return False
        if status == 404 and json.loads(answer)["code"] == "still_open":
            return False
        if status != 200:
            raise AirflowException(f"no decision: {answer.decode()}")
        decision = json.loads(answer)
        if not decision["approved"]:
            raise AirflowException(f"rejected by {decision['by']}: {decision['notes']}")
        self.log.info("approved by %s", decision["by"])
        status, content = self.call(f"/artifacts/artifacts/{self.stage}/{self.name}")
        if status != 200:
            raise AirflowException(f"no artifact: {content.decode()}")
        context["ti"].xcom_push(key="artifact", value=content.decode())
        return True
