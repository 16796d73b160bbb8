"""Runs the DAG's task once for each exit code, without Airflow: stubs stand in for the names it imports.

Arguments: the DAG file, the major version of Airflow to look like, exit codes. Prints JSON.
"""

import datetime
import json
import runpy
import subprocess
import sys
import types
from collections import namedtuple

dag_file, airflow_version, *exit_codes = sys.argv[1:]
sys.dont_write_bytecode = True


def module(name, **names):
    made = types.ModuleType(name)
    made.__dict__.update(names)
    sys.modules[name] = made


class AirflowException(Exception):
    pass


class AirflowFailException(AirflowException):
    pass


Result = namedtuple("SubprocessResult", ["exit_code", "output"])


class SubprocessHook:
    def run_command(self, command, env=None, output_encoding="utf-8", cwd=None):
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        return Result(done.returncode, done.stdout.strip())


class BashOperator:
    made = None

    def __init__(self, *, task_id, bash_command, cwd=None, append_env=False):
        self.bash_command, self.cwd, self.output_encoding = bash_command, cwd, "utf-8"
        self.subprocess_hook = SubprocessHook()
        BashOperator.made = self

    def get_env(self, context):
        return {"PATH": "/usr/bin:/bin"}


class DAG:
    arguments = None

    def __init__(self, **arguments):
        DAG.arguments = arguments

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


def instant(*parts, tz):
    return datetime.datetime(*parts)


module("pendulum", datetime=instant)
module("airflow", DAG=DAG)
module("airflow.exceptions", AirflowException=AirflowException, AirflowFailException=AirflowFailException)
if airflow_version == "3":
    for package in ("providers", "providers.standard", "providers.standard.operators"):
        module(f"airflow.{package}")
    module("airflow.providers.standard.operators.bash", BashOperator=BashOperator)
    module("airflow.sdk", DAG=DAG)
else:
    module("airflow.operators")
    module("airflow.operators.bash", BashOperator=BashOperator)

runpy.run_path(dag_file)
task = BashOperator.made
outcomes = {}
command = task.bash_command
for exit_code in exit_codes:
    task.bash_command = f"echo done; exit {exit_code}"
    try:
        outcomes[exit_code] = task.execute({})
    except AirflowException as error:
        outcomes[exit_code] = type(error).__name__

print(json.dumps({"outcomes": outcomes, "command": command, "schedule": DAG.arguments["schedule"]}))
