"""The weekly forecast as an Airflow DAG, for Airflow 2.9 to 3.x.

Airflow has the schedule here, so the job needs none: the DAG runs one occurrence with `serve-batch run`.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.exceptions import AirflowException, AirflowFailException

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.bash import BashOperator

# The folder with jobs/, data/ and models/, and with out/: on every worker the same one.
PROJECT = "/srv/forecasts"

# Exit codes that no further attempt mends. All others are tried again: 1 unexpected, 6 locked, 7 store.
FINAL_EXIT_CODES = {
    2: "usage or job file",
    3: "input or model",
    4: "not found",
    5: "too many rejects, or coverage too low: the run is kept, but not published",
}


class ServeBatchOperator(BashOperator):
    """A BashOperator that tells final failures from those worth another attempt.

    BashOperator itself retries every exit code but 0 and those of skip_on_exit_code, and a skipped task
    does not look like a failure.
    """

    def execute(self, context):
        result = self.subprocess_hook.run_command(
            command=["bash", "-c", self.bash_command],
            env=self.get_env(context),
            output_encoding=self.output_encoding,
            cwd=self.cwd,
        )
        if result.exit_code in FINAL_EXIT_CODES:
            reason = FINAL_EXIT_CODES[result.exit_code]
            raise AirflowFailException(f"serve-batch ended with exit code {result.exit_code}: {reason}.")
        if result.exit_code != 0:
            raise AirflowException(f"serve-batch ended with exit code {result.exit_code}.")
        return result.output


with DAG(
    dag_id="weekly_forecast",
    schedule="0 0 * * 6",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    # Two runs of one job cannot overlap: the second would end with exit code 6.
    max_active_runs=1,
    default_args={"retries": 5, "retry_delay": timedelta(minutes=5)},
    tags=["serve-batch"],
):
    ServeBatchOperator(
        task_id="run",
        # The end of the data interval is the scheduled instant, in Airflow 2 and 3 alike.
        bash_command=(
            "exec serve-batch run weekly-forecast"
            " --occurrence {{ data_interval_end.in_timezone('UTC').strftime('%Y-%m-%dT%H:%M:%SZ') }}"
        ),
        cwd=PROJECT,
        append_env=True,
    )
