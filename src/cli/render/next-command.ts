import type { RunRecord } from '../../runs/record/run-record.ts';
import { shellWord } from './shell-word.ts';
import { shortPath } from './short-path.ts';

/** Flags of the run that a command about it has to repeat. */
export interface PlaceWords {
  readonly output?: string;
  readonly kv?: string;
}

/** A command that shows predictions of a published run; null: readers see another run. */
export function nextCommand(record: RunRecord, { output, kv }: PlaceWords): string | null {
  if (record.status !== 'published') return null;
  const place = [
    ...(output === undefined ? [] : ['--output', output]),
    ...(kv === undefined || kv === 'none' ? [] : ['--kv', record.kv?.url ?? kv]),
  ];
  if (record.kv?.example !== undefined) {
    const columns = Object.entries(record.kv.example).map(([name, value]) => `${name}=${value}`);
    return words(['serve-batch', 'lookup', record.job, ...columns, ...place]);
  }
  const { path } = record.output;
  if (!path.endsWith(record.runId)) return words(['serve-batch', 'inspect', shortPath(path)]);
  return words(['serve-batch', 'query', `SELECT * FROM "${record.job}" LIMIT 5`, ...place]);
}

function words(all: readonly string[]): string {
  return all.map(shellWord).join(' ');
}
