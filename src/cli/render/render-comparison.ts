import type {
  ColumnComparison,
  Comparison,
  KeyDifference,
  NumberComparison,
  Quantiles,
  SegmentComparison,
} from '../../compare/comparison.ts';
import { formatPercent } from '../../core/text/amounts.ts';
import { fitTable } from './fit-table.ts';
import { formatCount, formatPairs, type Pair } from './format.ts';

/** Segments that are shown of a column; --json has all. */
const SEGMENTS_SHOWN = 20;

/** What differs between two runs, for people. */
export function renderComparison(comparison: Comparison, width: number | undefined): string {
  const { before, after, columns } = comparison;
  const title = `Run ${after.runId} of ${after.job} (${after.model}), compared with ${before.runId} of ${before.job} (${before.model})\n`;
  return [
    title,
    formatPairs(headPairs(comparison)),
    ...columns.map((column) => columnText(column, width)),
  ].join('');
}

function headPairs(comparison: Comparison): readonly Pair[] {
  const { keys, key, examples, onlyBefore, onlyAfter, notes, limit } = comparison;
  const all = keys.both + keys.onlyBefore + keys.onlyAfter;
  const only = (count: number, names: readonly string[]): string =>
    `${formatCount(count)}${names.length === 0 ? '' : `: ${names.join(', ')}${count > names.length ? ' ...' : ''}`}`;
  return [
    ['keys', `${formatCount(keys.both)} in both, by ${key.join(', ')}`],
    ['only before', only(keys.onlyBefore, examples.onlyBefore)],
    ['only after', only(keys.onlyAfter, examples.onlyAfter)],
    ...(onlyBefore.length === 0 ? [] : [['columns gone', onlyBefore.join(', ')] as const]),
    ...(onlyAfter.length === 0 ? [] : [['columns new', onlyAfter.join(', ')] as const]),
    ...notes.map((note): Pair => ['note', note]),
    ...(limit.most === null
      ? []
      : [
          [
            'limit',
            `${formatCount(limit.beyond)} of ${formatCount(all)} keys (${formatPercent(limit.share)}) beyond ${formatPercent(limit.change)}; at most ${formatPercent(limit.most)} may be`,
          ] as const,
        ]),
  ];
}

function columnText(column: ColumnComparison, width: number | undefined): string {
  const { name, unchanged, changed, lost, found, numbers, segments, biggest } = column;
  const both = unchanged + changed;
  const pairs: readonly Pair[] = [
    ['unchanged', `${formatCount(unchanged)} (${formatPercent(unchanged / Math.max(both, 1))})`],
    ['changed', `${formatCount(changed)} (${formatPercent(changed / Math.max(both, 1))})`],
    ...(lost === 0 ? [] : [['lost', `${formatCount(lost)} are null, NaN or infinite now`] as const]),
    ...(found === 0 ? [] : [['found', `${formatCount(found)} were null, NaN or infinite`] as const]),
    ...(numbers === null ? [] : numberPairs(numbers)),
  ];
  return `\n${name}\n${formatPairs(pairs)}${segmentsText(segments, width)}${biggestText(biggest, width)}`;
}

function numberPairs(numbers: NumberComparison): readonly Pair[] {
  const { meanBefore, meanAfter, bias, correlation, difference, absolute, relative, isEstimate } = numbers;
  const about = isEstimate ? ' (estimated)' : '';
  return [
    ...(meanBefore === null || meanAfter === null
      ? []
      : [['mean', `${value(meanBefore)} before, ${value(meanAfter)} after`] as const]),
    ...(bias === null ? [] : [['bias', signed(bias)] as const]),
    ['mean change', `${value(numbers.meanAbsolute)} (root mean square ${value(numbers.rootMeanSquare)})`],
    ...(correlation === null ? [] : [['correlation', correlation.toFixed(4)] as const]),
    ['difference', `${quantileText(difference, signed)}${about}`],
    ['absolute', `${quantileText(absolute, value)}${about}`],
    ...(relative === null ? [] : [['relative', `${quantileText(relative, formatPercent)}${about}`] as const]),
  ];
}

function quantileText({ least, at, greatest }: Quantiles, format: (value: number) => string): string {
  const [, p5 = least, , p50 = least, , p95 = greatest, p99 = greatest] = at;
  const parts = [
    ['least', least],
    ['5%', p5],
    ['median', p50],
    ['95%', p95],
    ['99%', p99],
    ['greatest', greatest],
  ] as const;
  return parts.map(([name, each]) => `${name} ${format(each)}`).join(', ');
}

function segmentsText(segments: readonly SegmentComparison[], width: number | undefined): string {
  if (segments.length === 0) return '';
  const rows = segments
    .slice(0, SEGMENTS_SHOWN)
    .map(({ column, value: name, keys, onlyBefore, onlyAfter, changed, beyond, bias, meanAbsolute }) => [
      `${column}=${name ?? 'NULL'}`,
      formatCount(keys),
      formatCount(onlyBefore),
      formatCount(onlyAfter),
      formatCount(changed),
      formatCount(beyond),
      bias === null ? '' : signed(bias),
      meanAbsolute === null ? '' : value(meanAbsolute),
    ]);
  const header = ['SEGMENT', 'KEYS', 'ONLY BEFORE', 'ONLY AFTER', 'CHANGED', 'BEYOND', 'BIAS', 'MEAN CHANGE'];
  const more = segments.length - rows.length;
  return `${fitTable(header, rows, width, ['ONLY BEFORE', 'ONLY AFTER']).text}${more > 0 ? `and ${formatCount(more)} more segments: --json has them\n` : ''}`;
}

function biggestText(biggest: readonly KeyDifference[], width: number | undefined): string {
  if (biggest.length === 0) return '';
  const rows = biggest.map(({ key, before, after, difference }) => [
    key,
    before ?? 'null',
    after ?? 'null',
    difference === null ? '' : signed(difference),
  ]);
  return fitTable(['BIGGEST CHANGES', 'BEFORE', 'AFTER', 'DIFFERENCE'], rows, width, []).text;
}

function value(number: number): string {
  return Number(number.toPrecision(5)).toLocaleString('en-US', { maximumSignificantDigits: 5 });
}

function signed(number: number): string {
  return number > 0 ? `+${value(number)}` : value(number);
}
