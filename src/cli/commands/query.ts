import { access, constants, rm } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import type { Command } from 'commander';
import { ServeBatchError } from '../../core/errors.ts';
import type { QueryRequest } from '../../history/query.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, option, wholeNumber } from '../options.ts';
import { renderRows } from '../render/render-result.ts';

const FORMATS = ['table', 'csv', 'json', 'parquet'] as const;
type Format = (typeof FORMATS)[number];

/** Rows of a table that are shown where the user does not say. */
const SHOWN_ROWS = 40;

interface QueryFlags {
  readonly format?: Format;
  readonly to?: string;
  readonly limit?: number;
  readonly job?: string;
  readonly output?: string;
}

export function addQueryCommand(program: Command, context: CliContext): void {
  const command = program
    .command('query')
    .description('Run SQL over all runs and published predictions.')
    .argument('<sql>', 'the SELECT, or - for standard input');
  addOptions(command, [
    option(
      '--format <format>',
      `${FORMATS.join(', ')} (default: table, or what the file's name says)`,
    ).choices(FORMATS),
    option('-o, --to <file>', 'write the result to this file, replacing it'),
    wholeNumber('--limit <n>', `at most N rows (default: ${SHOWN_ROWS} in a table, all in other formats)`),
    option('--job <job>', 'only the runs and predictions of this job'),
    option('--output <path>', 'the output folder (default: those of the project\'s jobs, and "out")'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
Views: runs (one row a run), shards (one row a committed shard), rejects (one row a rejected row), and one
view a job, named after it, with its published predictions. Put a name with a dash in double quotes.
A query reads only these folders and changes nothing.

Examples:
  serve-batch query "SELECT job, count(*), avg(duration_seconds) FROM runs GROUP BY job"
  serve-batch query "SELECT * FROM sales WHERE store = 1 ORDER BY date" --format csv
  serve-batch query 'SELECT * FROM "weekly-forecast"' -o forecast.parquet`,
  );
  command.action((sql: string, flags: QueryFlags) => queryCommand(context, sql, flags));
}

async function queryCommand(context: CliContext, text: string, flags: QueryFlags): Promise<void> {
  const format = formatOf(flags);
  const { outputRoots } = await import('../targets/job-place.ts');
  const request: QueryRequest = {
    roots: await outputRoots(context, flags),
    sql: text === '-' ? await readText(context.stdin) : text,
    signal: context.signal,
    ...(flags.job === undefined ? {} : { job: flags.job }),
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
  };
  if (flags.to !== undefined) await writeResult(request, format, resolve(context.cwd, flags.to));
  else if (format === 'table') await showTable(context, request);
  else await printResult(request, format === 'json' ? 'json' : 'csv', async (piece) => context.out(piece));
}

function formatOf({ format, to }: QueryFlags): Format {
  const byName = FORMATS.find((each) => to !== undefined && extname(to).toLowerCase() === `.${each}`);
  const chosen = format ?? byName ?? 'table';
  if (chosen === 'parquet' && to === undefined)
    throw new ServeBatchError(
      'USAGE',
      '--format parquet cannot be printed. Name the file with -o, for example -o result.parquet.',
    );
  return chosen;
}

async function showTable(context: CliContext, request: QueryRequest): Promise<void> {
  const { queryRows } = await import('../../history/query.ts');
  // One row more tells whether there are more.
  const most = request.limit ?? SHOWN_ROWS;
  const { text, isAll } = await queryRows({ ...request, limit: most + 1, text: 'plain' }, (rows) =>
    renderRows(rows, most, context.width),
  );
  context.out(text);
  if (!isAll && request.limit === undefined)
    context.err(`The first ${most} rows. --limit shows more, --format csv or json all.\n`);
}

async function printResult(
  request: QueryRequest,
  format: 'csv' | 'json',
  write: (piece: string) => Promise<void>,
): Promise<void> {
  const { queryRows } = await import('../../history/query.ts');
  const { csvText, jsonText } = await import('../../history/result-text.ts');
  await queryRows({ ...request, text: format === 'json' ? 'json' : 'plain' }, async (rows) => {
    for await (const piece of format === 'csv' ? csvText(rows) : jsonText(rows)) await write(piece);
  });
}

/** The file appears under its name when it is complete. */
async function writeResult(request: QueryRequest, format: Format, path: string): Promise<void> {
  const { commitFile, temporaryName } = await import('../../core/files/durable-file.ts');
  // Before a long query, not after it.
  await access(dirname(path), constants.W_OK);
  const temporary = temporaryName(path);
  try {
    if (format === 'parquet') {
      const { queryToParquet } = await import('../../history/query.ts');
      await queryToParquet(request, temporary);
    } else await writeText(request, format, temporary);
    await commitFile(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeText(
  request: QueryRequest,
  format: 'table' | 'csv' | 'json',
  path: string,
): Promise<void> {
  const { open } = await import('node:fs/promises');
  const file = await open(path, 'wx');
  try {
    if (format !== 'table') await printResult(request, format, (piece) => file.appendFile(piece));
    else {
      const { queryRows } = await import('../../history/query.ts');
      const most = request.limit ?? Number.POSITIVE_INFINITY;
      const { text } = await queryRows({ ...request, text: 'plain' }, (rows) => renderRows(rows, most));
      await file.appendFile(text);
    }
  } finally {
    await file.close();
  }
}
