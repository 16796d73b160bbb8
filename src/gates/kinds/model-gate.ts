import type { GateResult, ModelGate } from '../../core/gates.ts';
import { finding, judged } from '../findings.ts';
import type { RunTables } from '../run-tables.ts';

export function checkModel(gate: ModelGate, run: RunTables, before: RunTables): GateResult {
  const [now, then] = [run.modelSha256, before.modelSha256];
  const isSame = now === then;
  const findings = isSame
    ? []
    : [finding(`another model: sha256 ${now?.slice(0, 12)}, ${then?.slice(0, 12)} before`)];
  return judged(gate, findings, `compared with ${before.title}`);
}
