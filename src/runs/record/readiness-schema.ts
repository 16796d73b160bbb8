import { z } from 'zod';
import type { Readiness } from '../../core/readiness.ts';

/** A snapshot as it stands in a run record, and in what an occurrence waits for. */
export const readinessSchema: z.ZodType<Readiness> = z.object({
  checkedAt: z.iso.datetime(),
  isReady: z.boolean(),
  conditions: z.array(z.object({ condition: z.string(), isMet: z.boolean().nullable(), found: z.string() })),
});
