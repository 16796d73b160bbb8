import { z } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import { isUnknownFile, OUTPUT_FILE_ENDINGS, outputFileFormat } from '../../core/files/output-file.ts';
import { COMPRESSIONS, type Compression } from '../../core/plan.ts';
import { choice, expected, section, text, textMap } from '../fields/field-kinds.ts';
import { resolvePath } from '../fields/resolve-path.ts';
import type { RunFlags } from '../run-flags.ts';
import { type KvSpec, keyColumns } from './kv.ts';

export interface OutputSpec {
  readonly path: string;
  /** `file`: one file, since the name ends as that of a table does. */
  readonly kind: 'folder' | 'file';
  /** Input columns kept beside the predictions, besides those of key and field. `'*'`: all. Null: not said. */
  readonly columns: readonly string[] | '*' | null;
  /** Names of prediction columns, by the model's name of the output. */
  readonly rename: Readonly<Record<string, string>>;
  /** What a `[rows, k]` output becomes: one list column, or k columns `name_0` to `name_k-1`. */
  readonly vectors: 'list' | 'columns';
  readonly compression: Compression;
}

export const DEFAULT_OUTPUT: OutputSpec = {
  path: 'out',
  kind: 'folder',
  columns: null,
  rename: {},
  vectors: 'list',
  compression: 'zstd',
};

const OUTPUT_PATH = expected(`a folder, or a file name that ends in ${OUTPUT_FILE_ENDINGS}`, 'out');
const OUTPUT_COLUMNS = expected("a list of input columns, or '*' for all", '[region, category]');

function outputPath() {
  return text(OUTPUT_PATH).refine((path) => !isUnknownFile(path), { error: OUTPUT_PATH });
}

/** The field `output` of a job file. */
export const output = z
  .union(
    [
      outputPath(),
      section({
        path: outputPath()
          .exactOptional()
          .describe(
            `The folder of all runs, s3://, gs:// or az://BUCKET/PREFIX, or one file if the name ends in ${OUTPUT_FILE_ENDINGS}. Default: out.`,
          ),
        columns: z
          .union([z.literal('*'), z.array(text(OUTPUT_COLUMNS), { error: OUTPUT_COLUMNS })], {
            error: OUTPUT_COLUMNS,
          })
          .exactOptional()
          .describe(
            "Input columns kept beside the predictions; '*' keeps all. Default: the columns of kv.key and kv.field; all columns in one output file without a kv.key.",
          ),
        rename: textMap(
          expected('a map from model output to column name', '{variable: sales}'),
          expected('the name of a column', 'sales'),
        )
          .exactOptional()
          .describe('Names of the prediction columns, by model output: {variable: sales}.'),
        vectors: choice(['list', 'columns'])
          .exactOptional()
          .describe(
            'What an output of several values a row becomes: one list, or columns name_0, name_1 and so on (for a classifier, with its labels in the names). Default: list.',
          ),
        compression: choice(COMPRESSIONS)
          .exactOptional()
          .describe('Compression of the Parquet files. Default: zstd.'),
      }),
    ],
    { error: OUTPUT_PATH },
  )
  .describe('Where the predictions go: a path, or a map. Default: out.');

export function outputKind(path: string): OutputSpec['kind'] {
  return outputFileFormat(path) === null ? 'folder' : 'file';
}

/** The long form. */
export function normaliseOutput(written: z.output<typeof output> = {}, folder: string): OutputSpec {
  const { path = DEFAULT_OUTPUT.path, ...rest } = typeof written === 'string' ? { path: written } : written;
  return { ...DEFAULT_OUTPUT, ...rest, path: resolvePath(path, folder), kind: outputKind(path) };
}

/**
 * The input columns that a run keeps. Without a key, the rows of a single file would belong to nobody: it
 * keeps all columns unless the job names some.
 */
export function keptColumns({ columns, kind }: OutputSpec, kv: KvSpec | null): readonly string[] | '*' {
  return columns ?? (kind === 'file' && kv === null ? '*' : []);
}

/** What of it decides the bytes of the parts. */
export function decidingOutput(output: OutputSpec, kv: KvSpec | null) {
  const { rename, vectors, compression } = output;
  return { columns: keptColumns(output, kv), rename, vectors, compression };
}

/** With the flags laid over it. Throws `USAGE`. */
export function overrideOutput(
  output: OutputSpec,
  flags: RunFlags,
  at: (path: string) => string,
): OutputSpec {
  const { outputColumns, vectors } = flags;
  if (flags.output !== undefined) assertOutputName(flags.output);
  return {
    ...output,
    ...(flags.output === undefined ? {} : { path: at(flags.output), kind: outputKind(flags.output) }),
    ...(vectors === undefined ? {} : { vectors }),
    ...(outputColumns === undefined ? {} : { columns: outputColumns.includes('*') ? '*' : outputColumns }),
  };
}

/** `--output preds.json` would make a folder of that name, which nobody means. */
function assertOutputName(path: string): void {
  if (!isUnknownFile(path)) return;
  throw new ServeBatchError(
    'USAGE',
    `--output is "${path}"; expected a folder, or a file name that ends in ${OUTPUT_FILE_ENDINGS}. If you mean a folder, write "${path}/".`,
  );
}

/** The output of a job whose store is switched off: its parts keep the key columns all the same. */
export function withKeyColumns(output: OutputSpec, kv: Pick<KvSpec, 'key' | 'field'>): OutputSpec {
  if (output.columns === '*') return output;
  return { ...output, columns: [...new Set([...keyColumns(kv), ...(output.columns ?? [])])] };
}
