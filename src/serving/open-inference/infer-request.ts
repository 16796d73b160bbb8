import { z } from 'zod';
import { DATATYPES } from './datatypes.ts';

const parameters = z
  .record(z.string(), z.unknown(), { error: 'expected a map of parameters' })
  .refine((map) => Object.keys(map).every((name) => !name.startsWith('binary_data') || map[name] === false), {
    error:
      'the extension for binary tensors is not spoken here: send and ask for JSON (with tritonclient, binary_data=False)',
  });

const input = z.object({
  name: z.string(),
  shape: z.array(z.int().nonnegative(), { error: 'expected a list of sizes, such as [3]' }),
  datatype: z.enum(DATATYPES, { error: `expected one of ${DATATYPES.join(', ')}` }),
  parameters: parameters.optional(),
  data: z.array(z.unknown(), { error: 'expected a list of values' }).optional(),
});

/** The body of an inference request, as far as it is the same for all models. */
export const inferRequestSchema = z.object(
  {
    id: z.string().optional(),
    parameters: parameters.optional().describe('missing: "null" answers null for keys without a prediction.'),
    inputs: z.array(input, { error: 'expected a list of tensors' }).min(1),
    outputs: z.array(z.object({ name: z.string(), parameters: parameters.optional() })).optional(),
  },
  { error: 'expected {"inputs": [...]}' },
);

export type InferRequest = z.output<typeof inferRequestSchema>;
export type InputTensor = InferRequest['inputs'][number];
