import { z } from 'zod';
import { jobFileSchema } from './job-schema.ts';

/** The JSON Schema of job files, for editors: the text of `job.schema.json`. */
export function jobJsonSchema(): string {
  const schema = z.toJSONSchema(jobFileSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ title: 'serve-batch job', ...schema }, null, 2)}\n`;
}
