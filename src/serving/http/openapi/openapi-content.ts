import { z } from 'zod';

/** A body of JSON, as an OpenAPI document describes it. */
export function jsonContent(schema: z.ZodType) {
  const { $schema: _, ...plain } = z.toJSONSchema(schema, { io: 'input' });
  return { 'application/json': { schema: plain } };
}

/** An answer of JSON. */
export function jsonAnswer(description: string, schema: z.ZodType) {
  return { description, content: jsonContent(schema) };
}
