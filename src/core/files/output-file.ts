/** What a single output file holds, by the ending of its name. */
const FORMATS = [
  ['.parquet', 'parquet'],
  ['.csv', 'csv'],
  ['.csv.gz', 'csv.gz'],
  ['.jsonl', 'jsonl'],
] as const;

export type OutputFileFormat = (typeof FORMATS)[number][1];

/** The endings that make an output one file, for messages: `.parquet, .csv, .csv.gz or .jsonl`. */
export const OUTPUT_FILE_ENDINGS = '.parquet, .csv, .csv.gz or .jsonl';

/** Null: the name is that of a folder. */
export function outputFileFormat(path: string): OutputFileFormat | null {
  const name = path.toLowerCase();
  return FORMATS.find(([ending]) => name.endsWith(ending))?.[1] ?? null;
}

/** Endings that people give to files, not to folders; `out.v2` and `forecast.nightly` are folders. */
const OTHER_FILE =
  /\.(json|ndjson|tsv|tab|txt|dat|arrow|arrows|feather|ipc|avro|orc|parq|pq|xlsx?|xml|ya?ml|html?|pdf|md|db|duckdb|sqlite3?|npy|npz|pkl|h5|onnx|gz|gzip|zst|zstd|bz2|xz|lz4|zip|tar|tgz)$/i;

/** Whether a name is meant as that of a file, in a format that an output cannot have. `a.json/` is a folder. */
export function isUnknownFile(path: string): boolean {
  return outputFileFormat(path) === null && OTHER_FILE.test(path);
}
