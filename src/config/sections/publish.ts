import { z } from 'zod';
import type { GateSpec } from '../../core/gates.ts';
import { expected, section } from '../fields/field-kinds.ts';
import type { MapText } from '../fields/map-text.ts';
import { gate, mapGate, normaliseGate } from './gates.ts';

export interface PublishSpec {
  /** What must hold before a run is published. */
  readonly gates: readonly GateSpec[];
}

export const DEFAULT_PUBLISH: PublishSpec = { gates: [] };

/** The field `publish` of a job file. */
export const publish = section({
  gates: z
    .array(gate, { error: expected('a list of gates', '[{rows: {change: 5%}}]') })
    .min(1, { error: expected('at least one gate', '[{rows: {change: 5%}}]') })
    .exactOptional()
    .describe(
      'What must hold before a run is published. A run that fails a gate is committed but not published, and the command exits with 5.',
    ),
}).describe('What must hold before a run is published.');

/** The long form. */
export function normalisePublish(written: z.output<typeof publish> = {}, folder: string): PublishSpec {
  return { gates: (written.gates ?? []).map((each) => normaliseGate(each, folder)) };
}

/** The section with every text replaced that may hold a template. */
export function mapPublish(spec: PublishSpec, map: MapText): PublishSpec {
  return { gates: spec.gates.map((each, index) => mapGate(each, map, `publish.gates.${index}`)) };
}
