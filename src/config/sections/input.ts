import { z } from 'zod';
import { TABLE_FORMATS } from '../../core/table.ts';
import type { InputOptions } from '../../source/formats/input-options.ts';
import type { GridSpec } from '../../source/grid/grid-spec.ts';
import { BYTE_SIZE_EXPECTED, byteSize, parseByteSize } from '../fields/byte-size.ts';
import { choice, expected, flag, section, text, textMap, texts, wholeNumber } from '../fields/field-kinds.ts';
import type { MapText } from '../fields/map-text.ts';
import { resolvePath } from '../fields/resolve-path.ts';
import { grid, mapGrid, normaliseGrid } from './grid.ts';
import { decidingIncrement, type IncrementalSpec, incremental, normaliseIncremental } from './incremental.ts';

/** Where `format` is left out, the endings of the files say it. */
export interface InputSpec extends InputOptions {
  /** Files, globs or folders; `-` is CSV on standard input. Empty: `--input` has to name them. */
  readonly paths: readonly string[];
  /** Null: the input is a table. Otherwise there are no paths. */
  readonly grid: GridSpec | null;
  /** Null: a run takes the whole input. Otherwise there is no single output file. */
  readonly incremental: IncrementalSpec | null;
}

export const DEFAULT_INPUT: InputSpec = {
  paths: [],
  grid: null,
  incremental: null,
  hivePartitioning: 'auto',
  csv: {},
  json: {},
};

const COLUMN_TYPES = textMap(
  expected('a map from column to DuckDB type', '{zip: VARCHAR}'),
  expected('a DuckDB type', 'VARCHAR'),
).describe('DuckDB types of columns that would otherwise be guessed wrong: {zip: VARCHAR}.');
const ONE_CHARACTER = expected('one character, or "" for none', "'\"'");

const csv = section({
  delimiter: text(expected('what stands between two fields', '";"'))
    .max(4, { error: 'at most four characters. Write for example ";".' })
    .exactOptional()
    .describe('The character between two fields. Default: detected from the file.'),
  quote: z
    .string({ error: ONE_CHARACTER })
    .max(1, { error: ONE_CHARACTER })
    .exactOptional()
    .describe('The character around a field that contains a delimiter. Default: a double quote.'),
  escape: z
    .string({ error: ONE_CHARACTER })
    .max(1, { error: ONE_CHARACTER })
    .exactOptional()
    .describe('The character before a quote inside a quoted field. Default: the quote itself.'),
  header: flag()
    .exactOptional()
    .describe('Whether the first line names the columns. Default: detected from the file.'),
  nullText: z
    .union([z.string(), z.array(z.string()).min(1)], {
      error: expected('a text or a list of texts that mean null', '["", "NA"]'),
    })
    .exactOptional()
    .describe('Texts that mean null: one, or a list. Default: the empty text.'),
  encoding: text(expected('the name of an encoding', 'latin-1'))
    .exactOptional()
    .describe('Encoding of the file, such as utf-8, utf-16 or latin-1. Default: utf-8.'),
  skip: wholeNumber(0, expected('a whole number of lines, at least 0', '2'))
    .exactOptional()
    .describe('Lines to skip before the header. Default: detected from the file.'),
  types: COLUMN_TYPES.exactOptional(),
  dateFormat: text(expected('a date format as in strptime', '"%d/%m/%Y"'))
    .exactOptional()
    .describe('The format of dates, as in strptime: "%d/%m/%Y". Default: detected from the file.'),
  timestampFormat: text(expected('a timestamp format as in strptime', '"%d/%m/%Y %H:%M:%S"'))
    .exactOptional()
    .describe('The format of timestamps, as in strptime. Default: detected from the file.'),
  decimalSeparator: choice(['.', ','])
    .exactOptional()
    .describe('The decimal separator of numbers. Default: a point.'),
}).describe('How to read CSV and TSV files. Fields that you leave out are detected from the files.');

const json = section({ types: COLUMN_TYPES.exactOptional() }).describe('How to read JSON files.');

const arrow = section({
  acceptCut: flag()
    .exactOptional()
    .describe('Whether to read the complete batches of a stream that lacks its end marker. Default: false.'),
}).describe('How to read Arrow files.');

const INPUT_PATHS = expected('a file, glob or folder, or a list of them', 'data/sales.parquet');
const inputPaths = z.union([text(INPUT_PATHS), texts(INPUT_PATHS)], { error: INPUT_PATHS });

/** The field `input` of a job file. */
export const input = z
  .union(
    [
      text(INPUT_PATHS),
      texts(INPUT_PATHS),
      section({
        path: inputPaths
          .exactOptional()
          .describe('Files, globs, or folders with Hive partitions; "-" is CSV on standard input.'),
        grid: grid.exactOptional(),
        filter: text(
          expected('an SQL condition over the grid', 'product NOT IN (SELECT product FROM delisted)'),
        )
          .exactOptional()
          .describe(
            'With a grid: an SQL condition over its dimensions and features.tables. Only rows that meet it are in the grid.',
          ),
        incremental: incremental.exactOptional(),
        format: choice(TABLE_FORMATS)
          .exactOptional()
          .describe(
            'The format of the files. Default: by their ending (.parquet .pq; .csv .tsv; .jsonl .ndjson .json; .arrow .feather .ipc; text also .gz).',
          ),
        hivePartitioning: z
          .union([z.literal('auto'), z.boolean()], { error: 'auto, true or false.' })
          .exactOptional()
          .describe(
            'Whether folder names such as date=2026-11-21, below the given path, are columns. Default: auto, which means yes if every file is in such a folder.',
          ),
        csv: csv.exactOptional(),
        json: json.exactOptional(),
        arrow: arrow.exactOptional(),
        maxBytes: z
          .union([z.number(), z.string()], { error: BYTE_SIZE_EXPECTED })
          .refine((value) => byteSize(value) !== undefined, { error: BYTE_SIZE_EXPECTED })
          .exactOptional()
          .describe(
            'The largest input, in uncompressed bytes: 20GB. A larger one is an error. Default: no limit.',
          ),
      })
        .refine(({ path, grid: dimensions }) => path === undefined || dimensions === undefined, {
          path: ['grid'],
          error: 'no grid beside a path. Keep one of them.',
        })
        .refine(({ filter, grid: dimensions }) => filter === undefined || dimensions !== undefined, {
          path: ['filter'],
          error: 'no filter without a grid. Filter the rows of a table in features.select, with WHERE.',
        })
        .refine(
          ({ grid: dimensions, incremental: taken }) => dimensions === undefined || taken === undefined,
          {
            path: ['incremental'],
            error: 'no incremental beside a grid, which is made anew for each run.',
          },
        ),
    ],
    { error: INPUT_PATHS },
  )
  .describe(
    'The table to score: a path, a list of paths, or a map with a path or a grid. Without it, --input must name the table.',
  );

/** The long form. */
export function normaliseInput(written: z.output<typeof input> = {}, folder: string): InputSpec {
  const long = typeof written === 'string' || Array.isArray(written) ? { path: written } : written;
  const {
    path = [],
    grid,
    filter,
    incremental,
    hivePartitioning = 'auto',
    csv = {},
    json = {},
    maxBytes,
    ...format
  } = long;
  const { nullText, delimiter, ...csvOptions } = csv;
  return {
    ...format,
    paths: [path].flat().map((each) => resolvePath(each, folder)),
    grid: grid === undefined ? null : normaliseGrid(grid, filter ?? null, folder),
    incremental: normaliseIncremental(incremental),
    hivePartitioning,
    csv: {
      ...csvOptions,
      ...(delimiter === undefined ? {} : { delimiter: delimiter.replaceAll('\\t', '\t') }),
      ...(nullText === undefined ? {} : { nullText: [nullText].flat() }),
    },
    json,
    ...(maxBytes === undefined ? {} : { maxBytes: parseByteSize(maxBytes, 'input.maxBytes') }),
  };
}

/** What of it decides the bytes of the parts; its paths and content have a fingerprint of their own. */
export function decidingInput(input: InputSpec) {
  return {
    format: input.format,
    hivePartitioning: input.hivePartitioning,
    csv: input.csv,
    json: input.json,
    arrow: input.arrow,
    incremental: input.incremental === null ? undefined : decidingIncrement(input.incremental),
  };
}

/** The input with every text replaced that may hold a template. */
export function mapInput(input: InputSpec, map: MapText): InputSpec {
  return {
    ...input,
    paths: input.paths.map((path) => map(path, 'input')),
    grid: input.grid === null ? null : mapGrid(input.grid, map),
  };
}
