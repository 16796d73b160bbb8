import { ServeBatchError } from '../core/errors.ts';
import { failedGates, findingText, type GateResult } from '../core/gates.ts';
import { formatNumber } from '../core/text/amounts.ts';

/** Findings of one gate that a message tells. */
const TOLD = 2;

/** Says why a committed run is not published. */
export function gateError(runId: string, gates: readonly GateResult[]): ServeBatchError {
  const failed = failedGates(gates);
  return new ServeBatchError(
    'GATE_FAILED',
    `Run ${runId} fails ${failed.length} of ${formatNumber(gates.length, 'gate')}: ${failed.map(gateText).join('; ')}. It is committed, but not published: readers see what they saw before. See all with "serve-batch runs show ${runId}". If the run is right all the same, publish it with "serve-batch publish ${runId} --force REASON"; otherwise mend what is wrong and run the job again.`,
    { fields: { runId, gates: failed.map(({ name }) => name) } },
  );
}

/** `"stores": store=7: lost: 7,000 rows before, none now`. */
export function gateText({ name, findings, failures }: GateResult): string {
  const told = findings.slice(0, TOLD).map(findingText);
  const more = failures > told.length ? ` and ${failures - told.length} more` : '';
  return `"${name}": ${told.join(', ')}${more}`;
}
