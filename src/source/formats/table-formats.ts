import { ServeBatchError } from '../../core/errors.ts';
import type { TableFormat } from '../../core/table.ts';

const FORMAT_OF_ENDING: Readonly<Record<string, TableFormat>> = {
  parquet: 'parquet',
  pq: 'parquet',
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  jsonl: 'json',
  ndjson: 'json',
  json: 'json',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
};

/** The format that a file's ending says, `.gz` and `.zst` aside; undefined for an unknown ending. */
export function formatOfPath(path: string): TableFormat | undefined {
  const ending = /\.([a-z0-9]+)(?:\.(?:gz|zst))?$/i.exec(path)?.[1]?.toLowerCase();
  return ending === undefined ? undefined : FORMAT_OF_ENDING[ending];
}

/** The one format of all files. Throws `USAGE` where an ending is unknown or formats are mixed. */
export function formatOfFiles(paths: readonly string[]): TableFormat {
  const formats = new Map<TableFormat, string>();
  for (const path of paths) {
    const format = formatOfPath(path);
    if (format === undefined) {
      throw new ServeBatchError(
        'USAGE',
        `The format of ${path} cannot be told from its name. Expected .parquet, .csv, .tsv, .jsonl, .ndjson, .json or .arrow (text also .gz); or set input.format in the job file.`,
        { fields: { file: path } },
      );
    }
    if (!formats.has(format)) formats.set(format, path);
  }
  const [first, second] = [...formats];
  if (first === undefined) throw new ServeBatchError('INPUT_NOT_FOUND', 'The input names no file.');
  if (second !== undefined) {
    throw new ServeBatchError(
      'USAGE',
      `The input mixes formats: ${first[1]} is ${first[0]} and ${second[1]} is ${second[0]}. Give files of one format.`,
    );
  }
  return first[0];
}
