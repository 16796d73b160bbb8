import { z } from 'zod';
import { COMPRESSIONS, type Compression } from '../../core/plan.ts';
import { choice, expected, section, text, textMap, texts } from '../fields/field-kinds.ts';
import { resolvePath } from '../fields/resolve-path.ts';
import type { RunFlags } from '../run-flags.ts';
import { type KvSpec, keyColumns } from './kv.ts';

export interface OutputSpec {
  readonly path: string;
  /** `file`: one Parquet file, since the name ends in `.parquet`. */
  readonly kind: 'folder' | 'file';
  /** Input columns kept beside the predictions, besides those of key and field. `'*'`: all. */
  readonly columns: readonly string[] | '*';
  /** Names of prediction columns, by the model's name of the output. */
  readonly rename: Readonly<Record<string, string>>;
  /** What a `[rows, k]` output becomes: one list column, or k columns `name_0` to `name_k-1`. */
  readonly vectors: 'list' | 'columns';
  readonly compression: Compression;
}

export const DEFAULT_OUTPUT: OutputSpec = {
  path: 'out',
  kind: 'folder',
  columns: [],
  rename: {},
  vectors: 'list',
  compression: 'zstd',
};

const OUTPUT_PATH = expected('a folder, or a name that ends in .parquet', 'out');
const OUTPUT_COLUMNS = expected("a list of input columns, or '*' for all", '[region, category]');

/** The field `output` of a job file. */
export const output = z
  .union(
    [
      text(OUTPUT_PATH),
      section({
        path: text(OUTPUT_PATH)
          .exactOptional()
          .describe('The folder of all runs, or one file where the name ends in .parquet. Default: out.'),
        columns: z
          .union([z.literal('*'), texts(OUTPUT_COLUMNS)], { error: OUTPUT_COLUMNS })
          .exactOptional()
          .describe(
            "Input columns kept beside the predictions; '*' is all. Default: those of kv.key and kv.field.",
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
            'What an output of several values a row becomes: one list, or columns name_0, name_1 and so on. Default: list.',
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
  return /\.parquet$/i.test(path) ? 'file' : 'folder';
}

/** The long form. */
export function normaliseOutput(written: z.output<typeof output> = {}, folder: string): OutputSpec {
  const { path = DEFAULT_OUTPUT.path, ...rest } = typeof written === 'string' ? { path: written } : written;
  return { ...DEFAULT_OUTPUT, ...rest, path: resolvePath(path, folder), kind: outputKind(path) };
}

/** What of it decides the bytes of the parts. */
export function decidingOutput({ columns, rename, vectors, compression }: OutputSpec) {
  return { columns, rename, vectors, compression };
}

/** With the flags laid over it. */
export function overrideOutput(
  output: OutputSpec,
  flags: RunFlags,
  at: (path: string) => string,
): OutputSpec {
  const { outputColumns } = flags;
  return {
    ...output,
    ...(flags.output === undefined ? {} : { path: at(flags.output), kind: outputKind(flags.output) }),
    ...(outputColumns === undefined ? {} : { columns: outputColumns.includes('*') ? '*' : outputColumns }),
  };
}

/** The output of a job whose store is switched off: its parts keep the key columns all the same. */
export function withKeyColumns(output: OutputSpec, kv: Pick<KvSpec, 'key' | 'field'>): OutputSpec {
  if (output.columns === '*') return output;
  return { ...output, columns: [...new Set([...keyColumns(kv), ...output.columns])] };
}
