import type { DriftGate, GateFinding, GateResult } from '../../core/gates.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { Distribution } from '../drift/distribution.ts';
import { stabilityIndex } from '../drift/psi.ts';
import { type Distributions, readDistributions } from '../drift/read-distributions.ts';
import {
  categoryChange,
  distributionDistance,
  meanShift,
  quantileShift,
  type Shift,
} from '../drift/shifts.ts';
import { figure, finding, judged, notCompared, percent } from '../findings.ts';
import { type GateTable, has, type RunTables } from '../run-tables.ts';

/** Categories that a message names. */
const NAMED = 5;

export async function checkDrift(
  database: Database,
  gate: DriftGate,
  run: RunTables,
  before: RunTables,
  columns: readonly string[],
): Promise<GateResult> {
  const findings: GateFinding[] = [];
  const compared: string[] = [];
  for (const of of ['someParts', 'features'] as const) {
    const [now, then] = [tableOf(run, of), tableOf(before, of)];
    if (now === null || then === null) continue;
    const names = columns.filter(
      (name) => isOf(run, of, name) && has(then, name) && !compared.includes(name),
    );
    if (names.length === 0) continue;
    // A reference of another shape may lack the column of a segment.
    const by = gate.by.every((name) => has(now, name) && has(then, name)) ? gate.by : [];
    const a = await readDistributions(database, now, names, by);
    const b = await readDistributions(database, then, names, by);
    findings.push(...judgeDrift(gate, a, b));
    compared.push(...names);
  }
  if (compared.length === 0) return notCompared(gate, `${before.title} has none of ${columns.join(', ')}`);
  const left = columns.filter((name) => !compared.includes(name));
  const without = left.length === 0 ? '' : `, which has no ${left.join(', ')}`;
  return judged(gate, findings, `${compared.join(', ')}, compared with ${before.title}${without}`);
}

function tableOf(tables: RunTables, of: 'someParts' | 'features'): GateTable | null {
  return of === 'features' ? tables.features : { ...tables.parts, from: tables.someParts };
}

/** A column that stands in both, a kept one, is read from the parts. */
function isOf(run: RunTables, of: 'someParts' | 'features', name: string): boolean {
  const isInParts = has(run.parts, name);
  return of === 'someParts' ? isInParts : !isInParts && run.features !== null && has(run.features, name);
}

/** Compares each column, as a whole and in each segment that both have. */
export function judgeDrift(
  gate: Pick<DriftGate, 'psi' | 'ks' | 'mean' | 'quantiles' | 'categories'>,
  now: Distributions,
  before: Distributions,
): readonly GateFinding[] {
  const findings: GateFinding[] = [];
  for (const [segment, columns] of now) {
    for (const [column, current] of columns) {
      const earlier = before.get(segment)?.get(column);
      if (earlier === undefined) continue;
      const texts = [
        ...measures(gate, current, earlier),
        // A segment may lack a rare category by chance.
        ...(gate.categories && segment === null ? categoryTexts(current, earlier) : []),
      ];
      findings.push(...texts.map((text) => finding(text, { segment, column })));
    }
  }
  return findings;
}

function measures(
  { psi, ks, mean, quantiles }: Pick<DriftGate, 'psi' | 'ks' | 'mean' | 'quantiles'>,
  now: Distribution,
  before: Distribution,
): readonly string[] {
  const over = (
    name: string,
    limit: number | null,
    measure: () => Shift,
    show: (value: number) => string,
  ) => {
    if (limit === null) return [];
    const { value, noise } = measure();
    return value > limit + noise ? [`${name} ${show(value)}, at most ${show(limit)}`] : [];
  };
  return [
    ...over('psi', psi, () => stabilityIndex(now, before), figure),
    ...over('ks', ks, () => distributionDistance(now, before), figure),
    ...over('mean moved by', mean, () => meanShift(now, before), percent),
    ...over('quantiles moved by', quantiles, () => quantileShift(now, before), percent),
  ];
}

function categoryTexts(now: Distribution, before: Distribution): readonly string[] {
  const { isNew, isLost } = categoryChange(now, before);
  const list = (what: string, names: readonly string[]) =>
    names.length === 0
      ? []
      : [`${what}: ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ' and more' : ''}`];
  return [...list('new', isNew), ...list('lost', isLost)];
}
