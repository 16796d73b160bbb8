import { type Figure, isMet, type Target, type Unit } from '../cases/bench-case.ts';
import type { Summary } from '../measure/measurement.ts';

/** `13.2 s`, `0.53 M/s`, `211 MB`: three digits that mean something. */
export function valueText(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return 'not known';
  switch (unit) {
    case 'x':
      return `${digits(value)} x`;
    case '%':
      return `${digits(value)} %`;
    case 's':
      return `${digits(value)} s`;
    case 'us':
      return `${digits(value)} us`;
    case 'MB':
      return `${Math.round(value)} MB`;
    case 'rows/s':
      return value >= 1e6 ? `${digits(value / 1e6)} M/s` : `${digits(value / 1e3)} k/s`;
  }
}

export function targetText(target: Target | null, unit: Unit): string {
  if (target === null) return '';
  return 'atLeast' in target
    ? `at least ${valueText(target.atLeast, unit)}`
    : `at most ${valueText(target.atMost, unit)}`;
}

export function metText(figure: Figure): string {
  const met = isMet(figure);
  if (met === null) return '';
  return met ? 'yes' : 'NO';
}

/** Bytes as MB of 1,000,000. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** One line about one contender, for people who watch. */
export function contenderLine(
  name: string,
  { wallSeconds, rowsPerSecond, cpuSeconds, memory }: Summary,
): string {
  return [
    name.padEnd(28),
    valueText(wallSeconds, 's').padStart(8),
    valueText(rowsPerSecond, 'rows/s').padStart(9),
    cpuSeconds === null ? '' : `CPU ${valueText(cpuSeconds, 's')}`.padStart(12),
    memory === null ? '' : `  ${megabytes(memory.largestBytes)} of ${megabytes(memory.togetherBytes)}`,
  ]
    .join(' ')
    .trimEnd();
}

export function figureLine(figure: Figure): string {
  const { title, value, unit, target, note } = figure;
  const parts = [title.padEnd(58), valueText(value, unit).padStart(9)];
  if (target !== null) parts.push(` ${targetText(target, unit).padEnd(18)} ${metText(figure).padEnd(3)}`);
  if (note !== undefined) parts.push(` (${note})`);
  return parts.join(' ').trimEnd();
}

function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}
