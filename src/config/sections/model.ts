import { z } from 'zod';
import { expected, section, text, texts } from '../fields/field-kinds.ts';
import { resolvePath } from '../fields/resolve-path.ts';

export interface ModelSpec {
  readonly path: string;
  /** Names of the outputs that become predictions. Null: all that are tensors. */
  readonly outputs: readonly string[] | null;
}

const MODEL = expected('the path of an ONNX model', 'models/sales.onnx');

/** The field `model` of a job file. */
export const model = z
  .union(
    [
      text(MODEL),
      section({
        path: text(MODEL).describe('The path of the ONNX model.'),
        outputs: texts(expected('a list of output names', '[sales]'))
          .exactOptional()
          .describe('The outputs that become predictions. Default: all outputs that are tensors.'),
      }),
    ],
    { error: MODEL },
  )
  .describe('The ONNX model: its path, or a map.');

/** The long form. */
export function normaliseModel(written: z.output<typeof model>, folder: string): ModelSpec {
  const long = typeof written === 'string' ? { path: written } : written;
  return { path: resolvePath(long.path, folder), outputs: long.outputs ?? null };
}
