import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { resolvePath } from '../../config/fields/resolve-path.ts';
import { jobNameOf } from '../../config/override-job.ts';
import { ServeBatchError, toServeBatchError } from '../../core/errors.ts';
import { writeFileDurably } from '../../core/files/durable-file.ts';
import { draftJob, proposedKey, withObstacle } from '../../init/draft-job.ts';
import type { TableSurvey } from '../../source/tables/survey-table.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';
import type { CliContext } from '../context.ts';
import { inWorker } from '../in-worker.ts';
import { addOptions, debugOption, list, option } from '../options.ts';
import { formatNumber } from '../render/format.ts';
import { shellWord } from '../render/shell-word.ts';
import { planFault } from '../targets/plan-fault.ts';

interface InitFlags {
  readonly model?: string;
  readonly input?: string;
  readonly name?: string;
  readonly key?: readonly string[];
  readonly field?: readonly string[];
  readonly features?: readonly string[];
}

export function addInitCommand(program: Command, context: CliContext): void {
  const command = program.command('init').description('Write a job file for a model and a table.');
  addOptions(command, [
    option('-m, --model <file>', 'the ONNX model'),
    option('-i, --input <path>', 'the table: a file, a quoted glob or a folder'),
    option('--name <name>', "the job's name (default: that of the model's file)"),
    list(
      '--key <columns>',
      'columns of the key in the store; none for no store (default: those that identify a row)',
    ),
    list('--field <columns>', 'columns of the field within a key: date'),
    list('--features <columns>', "columns of the model's matrix input, in order"),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
It never overwrites a file. Comments that begin with CHECK mark what it cannot know.

Examples:
  serve-batch init --model sales.onnx --input sales.csv
  serve-batch init --model sales.onnx --input sales.csv --key store,product --field date`,
  );
  command.action((flags: InitFlags) => init(context, flags));
}

async function init(context: CliContext, flags: InitFlags): Promise<void> {
  const { cwd } = context;
  const model = required(flags.model, '--model', 'sales.onnx');
  const input = required(flags.input, '--input', 'sales.csv');
  const name = flags.name ?? jobNameOf(model);
  const file = join('jobs', `${name}.yaml`);
  if (existsSync(resolve(cwd, file)))
    throw new ServeBatchError(
      'USAGE',
      `${file} is there already, and init overwrites nothing. Give the job another name with --name, or remove the file.`,
      { fields: { file } },
    );
  const signature = await inWorker(context, 'describe-model', { path: resolvePath(model, cwd) });
  const survey = await surveyOf(context, input);
  const store = await storeOf(context, flags, survey);
  const draft = draftJob({
    ...{ name, signature, survey, ...store, features: flags.features ?? null },
    // Paths of a job file are relative to the folder above jobs/.
    ...{ model: relativeTo(cwd, model), input: relativeTo(cwd, input) },
  });
  await mkdir(dirname(resolve(cwd, file)), { recursive: true });
  await writeFile(resolve(cwd, file), draft.text, { flag: 'wx' });
  const fault = await planFault(context, resolve(cwd, file)).catch((error) => toServeBatchError(error));
  if (fault !== null) await writeFileDurably(resolve(cwd, file), withObstacle(draft.text, fault.message));
  const open = draft.questions.length + (fault === null ? 0 : 1);
  context.out(
    `Wrote ${file}${open === 0 ? '' : ` with ${formatNumber(open, 'question')} in its comments`}.\n${nextSteps(name, file, fault, store, survey)}`,
  );
}

function nextSteps(
  name: string,
  file: string,
  fault: ServeBatchError | null,
  { key, field }: { readonly key: readonly string[]; readonly field: readonly string[] },
  { first }: TableSurvey,
): string {
  if (fault !== null)
    return `It does not run yet:\n${fault.message}\nnext: edit ${file}\n      serve-batch validate ${name}\n`;
  const pairs = [...key, ...field].map((column) => shellWord(`${column}=${first[column]?.[0] ?? ''}`));
  const look =
    key.length === 0 ? `query 'SELECT * FROM "${name}" LIMIT 5'` : `lookup ${name} ${pairs.join(' ')}`;
  return `next: serve-batch run ${name}\n      serve-batch ${look}\n`;
}

async function surveyOf(context: CliContext, input: string): Promise<TableSurvey> {
  const { findFiles } = await import('../../source/files/find-files.ts');
  const { formatOfFiles } = await import('../../source/formats/table-formats.ts');
  const path = resolvePath(input, context.cwd);
  const sources = await findFiles([path]);
  const format = formatOfFiles(sources.map((source) => source.path));
  const options = { hivePartitioning: 'auto', csv: {}, json: {} } as const;
  return inWorker(context, 'survey-table', { format, paths: [path], sources, options });
}

/** As the flags say; on a terminal somebody is asked; elsewhere it is what tells the rows apart. */
async function storeOf(
  context: CliContext,
  { key, field }: InitFlags,
  survey: TableSurvey,
): Promise<{ readonly key: readonly string[]; readonly field: readonly string[] }> {
  const proposed = proposedKey(survey);
  if (key?.length === 1 && key[0] === 'none') return { key: [], field: [] };
  if (key !== undefined)
    return { key: known(key, survey, '--key'), field: known(field ?? [], survey, '--field') };
  if (field !== undefined) {
    const chosen = known(field, survey, '--field');
    return {
      key: [...proposed.key, ...proposed.field].filter((each) => !chosen.includes(each)),
      field: chosen,
    };
  }
  const isAsked = context.isTerminal && (context.stdin as Partial<NodeJS.ReadStream>).isTTY === true;
  return isAsked ? askForKey(context, proposed, survey) : proposed;
}

async function askForKey(
  { stdin, err, signal }: CliContext,
  proposed: { readonly key: readonly string[]; readonly field: readonly string[] },
  survey: TableSurvey,
): Promise<{ readonly key: readonly string[]; readonly field: readonly string[] }> {
  const terminal = createInterface({ input: stdin });
  const ask = async (question: string, otherwise: readonly string[]): Promise<readonly string[]> => {
    err(`${question} [${otherwise.join(',') || 'none'}]: `);
    const answer = (await terminal.question('', { signal })).trim();
    if (answer === '') return otherwise;
    return answer === 'none' ? [] : answer.split(',').map((each) => each.trim());
  };
  try {
    const key = known(
      await ask('Key columns, by which predictions are looked up', proposed.key),
      survey,
      'The key',
    );
    if (key.length === 0) return { key, field: [] };
    const field = await ask('Field columns within a key, such as a date', proposed.field);
    return { key, field: known(field, survey, 'The field') };
  } finally {
    terminal.close();
  }
}

function known(names: readonly string[], { columns }: TableSurvey, what: string): readonly string[] {
  const all = columns.map(({ name }) => name);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return names;
  throw new ServeBatchError(
    'USAGE',
    `${what} names "${unknown}"; expected columns of the table: ${all.join(', ')}.`,
  );
}

function required(value: string | undefined, flag: string, example: string): string {
  if (value !== undefined) return value;
  throw new ServeBatchError('USAGE', `init needs ${flag}. Write for example ${flag} ${example}.`);
}

function relativeTo(folder: string, path: string): string {
  if (isStorageAddress(path)) return path;
  const inside = relative(folder, resolve(folder, path));
  return inside.startsWith('..') ? resolve(folder, path) : inside;
}
