"""A Prefect flow that waits for a person. Its task holds a worker's slot while it waits; a flow that is run again with the same JOB goes on with the
same gate. HOLDPOINT_URL, HOLDPOINT_TOKEN (role pipeline). Usage: prefect_holdpoint.py JOB"""

import sys

from prefect import flow, task

from hold_point import Rejected, complete, hold_point


def may_try_again(_task, _run, state):
    """A rejection is an answer."""
    try:
        state.result()
    except Rejected:
        return False
    except Exception:
        return True
    return False


@task
def plan():
    return "migrate the database\nrestart the workers\n"


@task(retries=3, retry_delay_seconds=10, retry_condition_fn=may_try_again)
def hold(job, text):
    return hold_point(job, "release", "plan.txt", text, title=f"release of {job}", requester="prefect")


@flow
def release(job):
    released = hold(job, plan())
    print(released, end="")
    complete(job)


if __name__ == "__main__":
    release(sys.argv[1])
