import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { jobJsonSchema } from '../../src/config/json-schema.ts';

const FILE = new URL('../../job.schema.json', import.meta.url);

/** Every named field of a schema, with the path to it, and its own schema. */
function fieldsOf(schema: unknown, path = ''): [string, Record<string, unknown>][] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([name, value]: [string, unknown]) => {
    if (name !== 'properties') return fieldsOf(value, path);
    return Object.entries(value as Record<string, Record<string, unknown>>).flatMap(([field, inner]) => [
      [`${path}.${field}`, inner] as [string, Record<string, unknown>],
      ...fieldsOf(inner, `${path}.${field}`),
    ]);
  });
}

describe('the JSON Schema for editors', () => {
  it('is the one that stands in job.schema.json', async () => {
    expect(
      await readFile(FILE, 'utf8'),
      'run: npm run build && node dist/config/print-json-schema.js > job.schema.json',
    ).toBe(jobJsonSchema());
  });

  it('describes every field', () => {
    const fields = fieldsOf(JSON.parse(jobJsonSchema()));
    expect(fields.length).toBeGreaterThan(40);
    expect(fields.filter(([, { description }]) => !description).map(([path]) => path)).toEqual([]);
  });

  it('allows no unknown field', () => {
    expect(JSON.parse(jobJsonSchema())).toMatchObject({ required: ['model'], additionalProperties: false });
  });
});
