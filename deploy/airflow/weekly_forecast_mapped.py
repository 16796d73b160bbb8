"""The weekly forecast with its shards as mapped tasks, for Airflow 2.9 to 3.x.

`plan` makes the run and lists what is missing; one task computes each group; `finish` commits and publishes.
The project's folder is the same on all workers. At most 1,024 tasks are mapped by default: hence --groups.
"""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta

import pendulum
from airflow.exceptions import AirflowException, AirflowFailException

try:  # Airflow 3
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

PROJECT = "/srv/forecasts"
GROUPS = 200

# Exit codes that no further attempt mends. Of finish, 5 may also say that shards are missing.
FINAL_EXIT_CODES = {2, 3, 4, 5}


def serve_batch(*args: str) -> str:
    """Runs one command in the project's folder and returns its standard output."""
    done = subprocess.run(["serve-batch", *args], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    if done.returncode in FINAL_EXIT_CODES:
        raise AirflowFailException(f"serve-batch {args[0]} ended with exit code {done.returncode}.")
    if done.returncode != 0:
        raise AirflowException(f"serve-batch {args[0]} ended with exit code {done.returncode}.")
    return done.stdout


@dag(
    dag_id="weekly_forecast_mapped",
    schedule="0 0 * * 6",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 5, "retry_delay": timedelta(minutes=5)},
    tags=["serve-batch"],
)
def weekly_forecast_mapped():
    @task
    def plan(data_interval_end=None) -> dict:
        occurrence = data_interval_end.in_timezone("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
        made = serve_batch("plan", "weekly-forecast", "--occurrence", occurrence, "--groups", str(GROUPS), "--json")
        return json.loads(made)

    @task
    def tasks_of(made: dict) -> list[list[str]]:
        args = ["--plan", str(made["plan"]), "--dispatch", str(made["dispatch"])]
        return [[*args, "--group", str(group)] for group in range(len(made["groups"]))]

    @task
    def shard(args: list[str]) -> None:
        serve_batch("shard", *args)

    # Also where a shard failed: it then says which ones are missing.
    @task(trigger_rule="all_done")
    def finish(made: dict) -> None:
        if made["runId"] is not None:
            serve_batch("finish", made["runId"])

    made = plan()
    shard.expand(args=tasks_of(made)) >> finish(made)


weekly_forecast_mapped()
