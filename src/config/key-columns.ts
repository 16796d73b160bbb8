import type { KvSpec, OutputSpec } from './job-spec.ts';

/** The columns of key and field, each once, in the order of the templates. */
export function keyColumns(kv: Pick<KvSpec, 'key' | 'field'>): string[] {
  return [...new Set([...kv.key.columns, ...(kv.field?.columns ?? [])])];
}

/** The output of a job whose store is switched off: its parts keep the key columns all the same. */
export function withKeyColumns(output: OutputSpec, kv: Pick<KvSpec, 'key' | 'field'>): OutputSpec {
  if (output.columns === '*') return output;
  return { ...output, columns: [...new Set([...keyColumns(kv), ...output.columns])] };
}
