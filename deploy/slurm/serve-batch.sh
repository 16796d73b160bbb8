#!/bin/bash
# A run as an array job of SLURM: plan here, one task for each group, and finish when all are done.
#   deploy/slurm/serve-batch.sh weekly 200
# The project's folder has to be the same on all nodes.
set -euo pipefail

job=$1
groups=${2:-200}
serve_batch=${SERVE_BATCH:-serve-batch}

made=$("$serve_batch" plan "$job" --groups "$groups" --json)
read -r run_id plan dispatch count < <(
  node -e '
    const { runId, plan, dispatch, groups } = JSON.parse(process.argv[1]);
    console.log(runId ?? "-", plan ?? "-", dispatch ?? "-", groups.length);
  ' "$made"
)
[ "$run_id" != - ] || { echo "nothing new"; exit 0; }

after=()
if [ "$count" -gt 0 ]; then
  # --requeue: a task whose node is lost starts again. What it had committed is not computed again.
  array=$(sbatch --parsable --requeue --array="0-$((count - 1))" --cpus-per-task=1 --mem=1G \
    --job-name="$job-shards" --output="slurm-%x-%A_%a.log" \
    --wrap="exec $serve_batch shard --plan '$plan' --dispatch $dispatch")
  after=(--dependency="afterany:$array")
fi
# afterany, not afterok: finish says which shards are missing, and ends with 5.
sbatch --parsable "${after[@]}" --cpus-per-task=2 --mem=2G --job-name="$job-finish" \
  --output="slurm-%x-%j.log" --wrap="exec $serve_batch finish $run_id"
