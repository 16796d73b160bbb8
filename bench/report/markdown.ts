import { readFile, writeFile } from 'node:fs/promises';
import type { CaseResult } from '../cases/run-case.ts';
import { rowCountText } from '../data/row-count.ts';
import { machineText } from './machine.ts';
import type { Report } from './results-file.ts';
import { megabytes, metText, targetText, valueText } from './text.ts';

const BEGIN = '<!-- results: written by npm run bench -- --update-readme -->';
const END = '<!-- end of results -->';

/** Replaces what stands between the two marks of a page. Throws where they are missing. */
export async function updatePage(path: string, report: Report): Promise<void> {
  await writeFile(path, replaceResults(await readFile(path, 'utf8'), reportMarkdown(report)));
}

export function replaceResults(page: string, results: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`The page has no lines "${BEGIN}" and "${END}".`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${results}\n\n${page.slice(end)}`;
}

export function reportMarkdown({ startedAt, machine, options, cases, seconds }: Report): string {
  const lines = [
    `${startedAt.slice(0, 10)}, ${options.repeat} rounds, ${Math.ceil(seconds / 60)} minutes. ${machineText(machine)}.`,
    '',
    ...table(['figure', 'rows', 'measured', 'wanted', 'met', 'remark'], cases.flatMap(figureRows)),
    '',
    ...table(
      ['case', 'contender', 'rows', 'wall', 'rows/s', 'CPU', 'largest process', 'all processes'],
      cases.flatMap(contenderRows),
    ),
    ...cases.flatMap(({ name, leftOut, error }) => [
      ...(leftOut === undefined ? [] : ['', `Left out: ${name}: ${leftOut}.`]),
      ...(error === undefined ? [] : ['', `Failed: ${name}.`]),
    ]),
  ];
  return lines.join('\n');
}

function figureRows({ figures, rows }: CaseResult): string[][] {
  return figures.map((figure) => [
    figure.title,
    rowCountText(rows),
    valueText(figure.value, figure.unit),
    targetText(figure.target, figure.unit),
    metText(figure),
    figure.note ?? '',
  ]);
}

function contenderRows({ name, contenders }: CaseResult): string[][] {
  return contenders.map(({ name: contender, summary }) => [
    name,
    contender,
    rowCountText(summary.rows),
    valueText(summary.wallSeconds, 's'),
    valueText(summary.rowsPerSecond, 'rows/s'),
    summary.cpuSeconds === null ? '' : valueText(summary.cpuSeconds, 's'),
    summary.memory === null ? '' : megabytes(summary.memory.largestBytes),
    summary.memory === null ? '' : megabytes(summary.memory.togetherBytes),
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)];
}
