import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, createGzip } from 'node:zlib';
import { REPOSITORY } from '../support/cli.ts';
import { onnxModel } from '../support/onnx-model.ts';
import type { Project } from '../support/project.ts';
import { runSql } from './sales-tables.ts';

/** Something that a user may get wrong, and what the command has to say of it. */
export interface BadCase {
  readonly what: string;
  readonly args: readonly string[];
  readonly exitCode: number;
  /** What, where, what was expected, what to do. */
  readonly says: readonly (string | RegExp)[];
  /** Rows are looked at while they are scored: the run stays, failed, and may be continued. */
  readonly leavesFailedRun?: true;
}

const HEADER_LINES = 1;

/** Writes the files that {@link BAD_CASES} name. */
export async function writeBadInputs(project: Project): Promise<void> {
  const csv = await readFile(join(REPOSITORY, 'fixtures/sales.csv'), 'utf8');
  const parquet = await readFile(join(REPOSITORY, 'fixtures/sales.parquet'));
  const model = await readFile(join(REPOSITORY, 'fixtures/sales.onnx'));
  const [header = '', ...rows] = csv.trimEnd().split('\n');
  const table = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
  const withLine = (index: number, change: (line: string) => string, lines = rows): string =>
    table([header, ...lines.map((line, at) => (at === index ? change(line) : line))]);
  const withPrice = (price: string) => (line: string) => replaceField(header, line, 'price', price);
  const files: Record<string, string | Uint8Array> = {
    'empty.csv': '',
    'empty.parquet': '',
    'header-only.csv': table([header]),
    'text.parquet': 'This is not Parquet.\n'.repeat(100),
    'cut.parquet': parquet.subarray(0, parquet.length / 2),
    'cut.csv.gz': await cutGzip(table([header, ...rows.slice(0, 3000)])),
    'text.arrow': 'This is not Arrow.\n'.repeat(100),
    'many-fields.csv': withLine(10, (line) => `${line},x,y`),
    'few-fields.csv': withLine(10, (line) => line.split(',').slice(0, 5).join(',')),
    'open-quote.csv': withLine(10, (line) => replaceField(header, line, 'region', '"west')),
    'cut.jsonl': '{"store": 1, "product": 2}\n{"store": 1, "prod\n{"store": 1, "product": 3}\n',
    'no-price.csv': table([header, ...rows].map((line) => dropFields(header, line, ['price', 'lag_7']))),
    'renamed.csv': table([header.replace('price', 'prices').replace('lag_7', 'lag7'), ...rows]),
    'null-price.csv': withLine(42, withPrice('')),
    'text-price.csv': withLine(42, withPrice('n/a')),
    'late-text.csv': withLine(30_016, withPrice('n/a'), Array<string[]>(5).fill(rows).flat()),
    'unknown-region.csv': withLine(7, (line) => replaceField(header, line, 'region', 'Atlantis')),
    'cut.onnx': model.subarray(0, model.length / 2),
    'empty.onnx': '',
    'text.onnx': 'This is not a model.\n'.repeat(100),
    'unknown-operator.onnx': onnxModel({
      inputs: [{ name: 'price', columns: 1 }],
      node: { type: 'Frobnicate', domain: 'com.example', inputs: ['price'] },
    }),
    'map-input.onnx': onnxModel({
      inputs: [{ name: 'weights', map: true }],
      node: { type: 'CastMap', domain: 'ai.onnx.ml', inputs: ['weights'] },
    }),
    'models/outside.onnx': onnxModel({
      inputs: [{ name: 'price', columns: 1 }],
      node: { type: 'Add', inputs: ['price', 'w'] },
      weightsIn: '../secret.bin',
    }),
    'secret.bin': new Uint8Array(4),
  };
  for (const [name, content] of Object.entries(files)) await project.write(name, content);
  await runSql([
    `COPY (SELECT * REPLACE (CAST(price AS VARCHAR) AS price) FROM '${project.path('fixtures/sales.parquet')}')
     TO '${project.path('text-price.parquet')}' (FORMAT parquet)`,
    `COPY (FROM '${project.path('fixtures/sales.parquet')}') TO '${project.path('whole.csv.zst')}' (FORMAT csv, COMPRESSION zstd)`,
  ]);
  const zst = await readFile(project.path('whole.csv.zst'));
  await project.write('cut.csv.zst', zst.subarray(0, zst.length / 2));
}

function replaceField(header: string, line: string, column: string, value: string): string {
  const at = header.split(',').indexOf(column);
  return line
    .split(',')
    .map((field, index) => (index === at ? value : field))
    .join(',');
}

function dropFields(header: string, line: string, columns: readonly string[]): string {
  const names = header.split(',');
  return line
    .split(',')
    .filter((_, index) => !columns.includes(names[index] ?? ''))
    .join(',');
}

/** Cut off exactly behind a row: only the archive itself can tell that something is missing. */
async function cutGzip(text: string): Promise<Buffer> {
  const gzip = createGzip();
  const pieces: Buffer[] = [];
  gzip.on('data', (piece: Buffer) => pieces.push(piece));
  gzip.write(text);
  await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, resolve));
  return Buffer.concat(pieces);
}

const input = (path: string): readonly string[] => ['run', '--input', path];
const model = (path: string): readonly string[] => ['run', 'sales-by-column', '--model', path];
const line = (row: number): number => row + HEADER_LINES;

export const BAD_CASES: readonly BadCase[] = [
  {
    what: 'an input that does not exist',
    args: input('fixtures/sale.parquet'),
    exitCode: 3,
    says: ['fixtures/sale.parquet does not exist', 'Did you mean "sales.parquet"'],
  },
  {
    what: 'a glob that matches nothing',
    args: input('fixtures/nothing-*.parquet'),
    exitCode: 3,
    says: ['No file matches fixtures/nothing-*.parquet', 'Check the pattern'],
  },
  {
    what: 'an empty CSV file',
    args: input('empty.csv'),
    exitCode: 3,
    says: ['empty.csv is empty (0 bytes)', 'Expected a table with rows'],
  },
  {
    what: 'an empty Parquet file',
    args: input('empty.parquet'),
    exitCode: 3,
    says: ['empty.parquet is empty (0 bytes)', 'Expected a table with rows'],
  },
  {
    what: 'standard input without a byte',
    args: input('-'),
    exitCode: 3,
    says: ['Standard input is empty (0 bytes)', 'expects CSV'],
  },
  {
    what: 'a table without rows',
    args: input('header-only.csv'),
    exitCode: 3,
    says: ['header-only.csv has no rows', 'Expected at least one'],
  },
  {
    what: 'text that is called .parquet',
    args: input('text.parquet'),
    exitCode: 3,
    says: ['text.parquet cannot be read', 'Expected a whole file', 'check that the copy'],
  },
  {
    what: 'a Parquet file that was cut off',
    args: input('cut.parquet'),
    exitCode: 3,
    says: ['cut.parquet cannot be read', 'Expected a whole file', 'check that the copy'],
  },
  {
    what: 'a gzip file that was cut off behind a row',
    args: input('cut.csv.gz'),
    exitCode: 3,
    says: [
      'cut.csv.gz cannot be read: it is cut off: the end of the gzip archive is missing',
      'check that the copy',
    ],
  },
  {
    what: 'a Zstandard file that was cut off',
    args: input('cut.csv.zst'),
    exitCode: 3,
    says: ['cut.csv.zst cannot be read: it ends inside a Zstandard frame', 'check that the copy'],
  },
  {
    what: 'text that is called .arrow',
    args: input('text.arrow'),
    exitCode: 3,
    says: ['text.arrow cannot be read', 'Expected a whole file'],
  },
  {
    what: 'a file of an unknown format',
    args: input('fixtures/sales.onnx'),
    exitCode: 2,
    says: ['The format of fixtures/sales.onnx cannot be told from its name', 'Expected .parquet'],
  },
  {
    what: 'a CSV row with too many fields',
    args: input('many-fields.csv'),
    exitCode: 3,
    says: [`many-fields.csv:${line(11)} has 15 fields; expected 13`, '1,2,2026-11-24', 'Mend the line'],
  },
  {
    what: 'a CSV row with too few fields',
    args: input('few-fields.csv'),
    exitCode: 3,
    says: [`few-fields.csv:${line(11)} has 5 fields; expected 13`, '1,2,2026-11-24', 'Mend the line'],
  },
  {
    what: 'a quote that is never closed',
    args: input('open-quote.csv'),
    exitCode: 3,
    says: [
      `open-quote.csv:${line(11)} has a quote that turns this line and at least`,
      'Close or remove the quote',
    ],
  },
  {
    what: 'a line that is not JSON',
    args: input('cut.jsonl'),
    exitCode: 3,
    says: ['cut.jsonl:2 is not a JSON object', '{\\"store\\": 1, \\"prod', 'Mend the line'],
  },
  {
    what: 'missing columns, all of them',
    args: input('no-price.csv'),
    exitCode: 3,
    says: ['column "price" is missing', 'column "lag_7" is missing', 'model input "features" needs it'],
  },
  {
    what: 'columns of another name',
    args: input('renamed.csv'),
    exitCode: 3,
    says: ['"price" is missing', 'Did you mean "prices"?', '"lag_7" is missing', 'Did you mean "lag7"'],
  },
  {
    what: 'a text column for a numeric model input',
    args: ['run', 'sales-by-column', '--input', 'text-price.parquet'],
    exitCode: 3,
    says: [
      'column "price" is VARCHAR',
      'model input "price"',
      'float32',
      'Cast or encode it in features.select',
    ],
  },
  {
    what: 'a null in a feature',
    args: input('null-price.csv'),
    exitCode: 3,
    says: ['Column "price" at null-price.csv, row 43 (line 44) is null', 'float32', 'onInvalid: reject'],
    leavesFailedRun: true,
  },
  {
    what: 'text in a numeric feature',
    args: input('text-price.csv'),
    exitCode: 3,
    says: ['Column "price" at text-price.csv, row 43 (line 44) holds "n/a"', 'float32', 'onInvalid: reject'],
    leavesFailedRun: true,
  },
  {
    what: 'text in a numeric feature, behind 30,000 good rows',
    args: input('late-text.csv'),
    exitCode: 3,
    says: [
      'Column "price" at late-text.csv, row 30017 (line 30018) holds "n/a"',
      'float32',
      'onInvalid: reject',
    ],
    leavesFailedRun: true,
  },
  {
    what: 'a category that the encoding does not know',
    args: input('unknown-region.csv'),
    exitCode: 3,
    says: ['Column "region" at unknown-region.csv, row 8', 'Mend the value', 'onInvalid: reject'],
    leavesFailedRun: true,
  },
  {
    what: 'a model that does not exist',
    args: model('models/sales.onnx'),
    exitCode: 3,
    says: ['There is no model models/sales.onnx', 'Check the path'],
  },
  {
    what: 'an empty model',
    args: model('empty.onnx'),
    exitCode: 3,
    says: ['The model empty.onnx is empty (0 bytes)', 'Export it again'],
  },
  {
    what: 'a model that was cut off',
    args: model('cut.onnx'),
    exitCode: 3,
    says: ['cut.onnx is not a complete ONNX model', 'check that the copy is whole'],
  },
  {
    what: 'text that is called .onnx',
    args: model('text.onnx'),
    exitCode: 3,
    says: ['text.onnx is not a complete ONNX model', 'Export it again'],
  },
  {
    what: 'a model with an operator that nobody knows',
    args: model('unknown-operator.onnx'),
    exitCode: 3,
    says: ['cannot load unknown-operator.onnx', 'com.example:Frobnicate', 'check the export'],
  },
  {
    what: 'a model whose input is a map',
    args: model('map-input.onnx'),
    exitCode: 3,
    says: ['map-input.onnx cannot be fed from a table', '"weights" is not a tensor', 'export it with tensor'],
  },
  {
    what: 'a model whose external data lies outside its folder',
    args: model('models/outside.onnx'),
    exitCode: 3,
    says: ['cannot load models/outside.onnx', '../secret.bin', 'whose external data lies beside it'],
  },
  {
    what: 'a job name with a typing mistake',
    args: ['run', 'sale'],
    exitCode: 2,
    says: [
      'There is no job "sale"',
      'Did you mean "sales"?',
      'The jobs are hourly-forecast, incoming, sales, sales-by-column',
    ],
  },
  {
    what: 'a flag with a typing mistake',
    args: ['run', '--shard-row', '10'],
    exitCode: 2,
    says: ["unknown option '--shard-row'", 'Did you mean --shard-rows?', '--help'],
  },
  {
    what: 'a command with a typing mistake',
    args: ['lokup', 'sales'],
    exitCode: 2,
    says: ["unknown command 'lokup'", 'Did you mean lookup?', '--help'],
  },
  {
    what: 'a flag with a value that cannot be',
    args: ['run', '--processes', 'many'],
    exitCode: 2,
    says: ['--processes', "'many' is invalid", 'Expected a whole number, at least 1'],
  },
  {
    what: 'a store that is no address',
    args: ['run', '--kv', 'localhost'],
    exitCode: 2,
    says: ['--kv is "localhost"', 'expected lmdb:PATH, redis://HOST:PORT', 'Write for example'],
  },
  {
    what: 'a lookup that is not COLUMN=VALUE',
    args: ['lookup', 'sales', '1', '2'],
    exitCode: 2,
    says: ['"1" is not COLUMN=VALUE', 'Write for example store=1'],
  },
  {
    what: 'a run that does not exist',
    args: ['publish', '20200101T000000Z-aaaa'],
    exitCode: 4,
    says: ['has no run "20200101T000000Z-aaaa"', 'The newest are'],
  },
  {
    what: 'a shard that the plan does not have',
    args: ['shard', '--plan', 'plan.json', '--index', '7'],
    exitCode: 2,
    says: ['--index is 7, but the plan has 1 shard', 'Give a number from 0 to 0'],
  },
  {
    what: 'a plan that was copied out of the folder of its run',
    args: ['shard', '--plan', 'copied-plan.json', '--index', '0'],
    exitCode: 2,
    says: [
      'The plan copied-plan.json is of run',
      'does not lie in the folder of that run',
      'Name OUTPUT/JOB/runs/',
    ],
  },
];
