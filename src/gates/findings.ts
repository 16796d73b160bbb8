import type { GateFinding, GateResult, GateSpec } from '../core/gates.ts';

/** Findings that a record keeps of one gate. */
const FINDINGS_KEPT = 10;
/** Rows that a finding names. */
export const EXAMPLES = 3;

export function judged(
  { name, kind }: Pick<GateSpec, 'name' | 'kind'>,
  findings: readonly GateFinding[],
  detail: string,
): GateResult {
  return {
    name,
    kind,
    verdict: findings.length === 0 ? 'passed' : 'failed',
    detail,
    failures: findings.length,
    findings: findings.slice(0, FINDINGS_KEPT),
  };
}

export function notCompared({ name, kind }: Pick<GateSpec, 'name' | 'kind'>, detail: string): GateResult {
  return { name, kind, verdict: 'not compared', detail, failures: 0, findings: [] };
}

export function finding(
  text: string,
  {
    segment = null,
    column = null,
    examples = [],
  }: Partial<Pick<GateFinding, 'segment' | 'column' | 'examples'>> = {},
): GateFinding {
  return { segment, column, text, examples };
}

/** A figure of a message: `0.213`, `1,240`, `3.4e-7`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A share of a message: `12.5 %` of 0.125. */
export function percent(share: number): string {
  return `${figure(share * 100)}%`;
}
