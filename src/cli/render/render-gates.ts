import { failedGates, findingText, type GateResult } from '../../core/gates.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import type { Pair } from './format.ts';

/** Findings of one gate that a summary shows; the record has more. */
const SHOWN = 3;

/** How the gates of a run went: one line where all passed, and what each of the others found. */
export function gatePairs({ gates = [], forced }: Pick<RunRecord, 'gates' | 'forced'>): readonly Pair[] {
  const force = forced === undefined ? [] : [['forced', forced.reason] as const];
  if (gates.length === 0) return force;
  const failed = failedGates(gates);
  const apart = gates.filter(({ verdict }) => verdict === 'not compared').length;
  const counts = [
    ...(failed.length === 0 ? [] : [`${failed.length} failed`]),
    ...(apart === 0 ? [] : [`${apart} not compared`]),
  ];
  const others = counts.length === 0 ? '' : `, ${counts.join(', ')}`;
  const passed = gates.length - failed.length - apart;
  return [
    ['gates', `${passed} of ${formatNumber(gates.length, 'gate')} passed${others}`],
    ...failed.flatMap(linesOf).map((text) => ['failed', text] as const),
    ...force,
  ];
}

function linesOf({ name, findings, failures }: GateResult): readonly string[] {
  const shown = findings.slice(0, SHOWN).map((each) => `${name}: ${findingText(each)}`);
  const more = failures - shown.length;
  return more > 0 ? [...shown, `${name}: and ${formatNumber(more, 'finding')} more`] : shown;
}
