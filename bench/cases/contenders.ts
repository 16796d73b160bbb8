import { measureDuckDbCopy } from '../limits/duckdb-copy.ts';
import { measureInferenceAlone } from '../limits/inference-alone.ts';
import { measureRun, type RunRequest } from '../project/serve-batch.ts';
import type { Bench, Contender, Figure, Results, Target } from './bench-case.ts';
import { resultOf } from './bench-case.ts';

export const SERVE_BATCH_NAME = 'serve-batch';
export const INFERENCE_ALONE = 'inference alone';
export const DUCKDB_COPY = "DuckDB's COPY";

export function serveBatchRun(
  bench: Bench,
  request: Omit<RunRequest, 'flags'>,
  name: string = SERVE_BATCH_NAME,
): Contender {
  return { name, measure: () => measureRun(bench.data, { ...request, flags: bench.runFlags }) };
}

export function inferenceAlone(
  bench: Bench,
  limit: { readonly model: string; readonly table: string; readonly rows: number },
): Contender {
  return {
    name: INFERENCE_ALONE,
    measure: () => measureInferenceAlone({ ...limit, processes: bench.cores }),
  };
}

export function duckDbCopy(bench: Bench, limit: { readonly from: string; readonly rows: number }): Contender {
  return {
    name: DUCKDB_COPY,
    measure: () => measureDuckDbCopy(bench.data, { ...limit, threads: bench.cores }),
  };
}

/** How near serve-batch comes to inference alone: 1 would be no other work at all. */
export function shareOfInference(results: Results, title: string, target: Target | null): Figure {
  const limit = resultOf(results, INFERENCE_ALONE).wallSeconds;
  return { title, value: limit / resultOf(results, SERVE_BATCH_NAME).wallSeconds, unit: 'x', target };
}

/** CPU seconds of everything but inference, by those of DuckDB's own COPY. */
export function otherWork(results: Results, title: string, target: Target | null): Figure {
  const total = resultOf(results, SERVE_BATCH_NAME).cpuSeconds ?? Number.NaN;
  const inference = resultOf(results, INFERENCE_ALONE).cpuSeconds ?? Number.NaN;
  const { cpuSeconds, details } = resultOf(results, DUCKDB_COPY);
  const copy = cpuSeconds ?? Number.NaN;
  const withProcess = Number(details.processCpuSeconds);
  return {
    title,
    value: (total - inference) / copy,
    unit: 'x',
    target,
    note: `${(total - inference).toFixed(2)} s; DuckDB ${copy.toFixed(2)} s, ${withProcess.toFixed(2)} s with its process`,
  };
}
