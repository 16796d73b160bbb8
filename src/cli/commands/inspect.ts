import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { resolvePath } from '../../config/fields/resolve-path.ts';
import { describeTensor, type ModelSignature } from '../../core/model.ts';
import { badCellsText } from '../../core/text/bad-cells-text.ts';
import type { Opset } from '../../inference/onnx/onnx-file.ts';
import type { TableDescription } from '../../tasks/tasks.ts';
import type { CliContext } from '../context.ts';
import { inWorker } from '../in-worker.ts';
import { addOptions, debugOption, jsonOption, wholeNumber } from '../options.ts';
import { formatBytes, formatNumber, formatTable } from '../render/format.ts';
import { shortPath } from '../render/short-path.ts';

interface InspectFlags {
  readonly json?: boolean;
  readonly rows?: number;
}

export function addInspectCommand(program: Command, context: CliContext): void {
  const command = program
    .command('inspect')
    .description('Show the inputs and outputs of a model, or the columns of a table.')
    .argument('<path>', 'an .onnx file, or a table: a file, a quoted glob or a folder');
  addOptions(command, [
    wholeNumber('--rows <n>', 'show the first rows of a table'),
    jsonOption('it'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    '\nExamples:\n  serve-batch inspect fixtures/sales.onnx\n  serve-batch inspect "data/*.parquet"',
  );
  command.action((path: string, flags: InspectFlags) =>
    /\.(onnx|ort)$/i.test(path) ? inspectModel(context, path, flags) : inspectTable(context, path, flags),
  );
}

async function inspectModel(context: CliContext, path: string, flags: InspectFlags): Promise<void> {
  const model = resolvePath(path, context.cwd);
  const signature = await inWorker(context, 'describe-model', { path: model });
  const file = await describeFile(model, signature);
  context.out(
    flags.json === true
      ? `${JSON.stringify({ ...signature, file }, null, 2)}\n`
      : `${renderSignature(path, signature)}${renderFile(file)}`,
  );
}

/** What the file says besides what goes in and comes out. */
interface ModelFileFacts {
  readonly bytes: number;
  readonly sha256: string;
  readonly producer: string;
  /** Which versions of the operators it was written for. */
  readonly opsets: readonly Opset[];
  /** Rows that every call takes; null: any number. */
  readonly fixedRows: number | null;
}

async function describeFile(path: string, { inputs }: ModelSignature): Promise<ModelFileFacts> {
  const { hashModel } = await import('../../inference/hash-model.ts');
  const { readOnnxFile } = await import('../../inference/onnx/read-onnx-file.ts');
  const { localModel } = await import('../../inference/local-model.ts');
  const { fixedRowsOf } = await import('../../features/row-dimension.ts');
  const { size: bytes } = await stat(await localModel(path));
  // ONNX Runtime's own format does not use protobuf.
  const { producer, opsets } = /\.onnx$/i.test(path)
    ? await readOnnxFile(path)
    : { producer: '', opsets: [] };
  return { bytes, sha256: await hashModel(path), producer, opsets, fixedRows: fixedRowsOf(inputs) };
}

function renderFile({ bytes, sha256, producer, opsets, fixedRows }: ModelFileFacts): string {
  const versions = opsets.map(({ domain, version }) => `${domain} ${version}`).join(', ');
  const opset = versions === '' ? '' : `opset: ${versions}\n`;
  const rows = fixedRows === null ? '' : `rows: every call takes ${fixedRows}\n`;
  return `${rows}${opset}file: ${formatBytes(bytes)}, sha256 ${sha256.slice(0, 12)}${producer === '' ? '' : `, by ${producer}`}\n`;
}

function renderSignature(
  path: string,
  { inputs, outputs, skippedOutputs, featureNames, classes = {} }: ModelSignature,
): string {
  const rows = [
    ...inputs.map((input) => ['input', input.name, describeTensor(input)]),
    ...outputs.map((output) => ['output', output.name, describeTensor(output)]),
    ...skippedOutputs.map(({ name, reason }) => ['output', name, `not stored: it is ${reason}`]),
  ];
  const names = featureNames === null ? '' : `feature_names: ${featureNames.join(', ')}\n`;
  const labels = Object.entries(classes).map(
    ([output, { kind, labels }]) =>
      `${output}: ${kind === 'label' ? 'one' : 'scores'} of the classes ${labels.join(', ')}\n`,
  );
  return `${path}\n${formatTable(['KIND', 'NAME', 'TYPE'], rows)}${names}${labels.join('')}`;
}

async function inspectTable(context: CliContext, path: string, flags: InspectFlags): Promise<void> {
  const { findFiles } = await import('../../source/files/find-files.ts');
  const { formatOfFiles } = await import('../../source/formats/table-formats.ts');
  const sources = await findFiles([path]);
  const format = formatOfFiles(sources.map((source) => source.path));
  const options = { hivePartitioning: 'auto', csv: {}, json: {} } as const;
  const request = { format, paths: [path], sources, options, firstRows: flags.rows ?? 0 };
  const table = await inWorker(context, 'describe-table', request);
  const bytes = sources.reduce((sum, source) => sum + source.bytes, 0);
  const summary = { path, format, files: sources.length, bytes, ...table };
  context.out(flags.json === true ? `${JSON.stringify(summary, null, 2)}\n` : renderTable(summary));
}

function renderTable(
  table: TableDescription & { path: string; format: string; files: number; bytes: number },
): string {
  const size = `${formatNumber(table.files, 'file')}, ${formatBytes(table.bytes)}, ${formatNumber(table.rows, 'row')}`;
  const { first } = table;
  const title = `${table.path}: ${table.format}, ${size}\n`;
  return (
    title +
    formatTable(
      ['COLUMN', 'TYPE', ...first.map((_, index) => `ROW ${index + 1}`)],
      table.columns.map(({ name, type }) => [name, type, ...first.map((row) => row[name] ?? '(null)')]),
    ) +
    table.badCells.map((cells) => `bad cells: ${badCellsText(cells, shortPath)}\n`).join('')
  );
}
