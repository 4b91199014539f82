"""A Dagster job with an op that waits for a person. HOLDPOINT_URL, HOLDPOINT_TOKEN (role pipeline); the config of `hold` names the job. Usage:
dagster_holdpoint.py JOB, or dagster dev -f dagster_holdpoint.py"""

import sys

from dagster import Config, Failure, RetryPolicy, job, op

from hold_point import Rejected, complete, hold_point


class Which(Config):
    job: str


@op
def plan() -> str:
    return "migrate the database\nrestart the workers\n"


@op(retry_policy=RetryPolicy(max_retries=3, delay=10))
def hold(config: Which, text: str) -> str:
    try:
        return hold_point(config.job, "release", "plan.txt", text, title=f"release of {config.job}", requester="dagster")
    except Rejected as rejected:
        # An answer: there is nothing to try again.
        raise Failure(str(rejected), allow_retries=False) from rejected


@op
def deploy(config: Which, text: str):
    print(text, end="")
    complete(config.job)


@job
def release():
    deploy(hold(plan()))


if __name__ == "__main__":
    which = {"config": {"job": sys.argv[1]}}
    done = release.execute_in_process(run_config={"ops": {"hold": which, "deploy": which}}, raise_on_error=False)
    sys.exit(0 if done.success else 1)
