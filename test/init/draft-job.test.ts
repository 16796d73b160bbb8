import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseJob } from '../../src/config/parse-job.ts';
import type { ModelSignature, TensorSpec } from '../../src/core/model.ts';
import { draftJob, proposedKey, withObstacle } from '../../src/init/draft-job.ts';
import type { TableSurvey } from '../../src/source/tables/survey-table.ts';

const SURVEY: TableSurvey = {
  columns: [
    { name: 'store', type: 'BIGINT' },
    { name: 'date', type: 'DATE' },
    { name: 'Price', type: 'DOUBLE' },
    { name: 'stock', type: 'BIGINT' },
    { name: 'region', type: 'VARCHAR' },
  ],
  rows: 7000,
  first: { store: ['1'], date: ['2026-11-21'], Price: ['4.5', '6'], stock: ['3', '# 8'], region: ['west'] },
  texts: { region: ['east', "o'hare", 'west'] },
  key: ['store', 'date'],
};

function matrix(width: number | null, featureNames: readonly string[] | null = null): ModelSignature {
  return signature([{ name: 'x', elementType: 'float32', shape: ['rows', width] }], featureNames);
}

function signature(
  inputs: readonly TensorSpec[],
  featureNames: readonly string[] | null = null,
): ModelSignature {
  return {
    inputs,
    outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 1] }],
    skippedOutputs: [],
    featureNames,
  };
}

function draft(model: ModelSignature, changes: Partial<Parameters<typeof draftJob>[0]> = {}) {
  const made = draftJob({
    ...{ name: 'sales', model: 'sales.onnx', input: 'sales.csv', signature: model, survey: SURVEY },
    ...{ key: ['store'], field: ['date'], features: null },
    ...changes,
  });
  const job = parseJob(parse(made.text), {});
  expect(job.problems).toEqual([]);
  return { ...made, job: job.job };
}

describe('a drafted job', () => {
  it('binds by name what the model names, and says nothing that is not needed', () => {
    const { job, questions } = draft(matrix(2, ['price', 'stock']));
    // The case differs: the job names the column as the table has it.
    expect(job?.features?.columns).toEqual(['Price', 'stock']);
    expect(questions).toEqual([]);
    expect(draft(matrix(2, ['Price', 'stock'])).job?.features).toBeUndefined();
  });

  it('takes the numeric columns in order where the model names none, and says to check it', () => {
    const { text, job, questions } = draft(matrix(2));
    expect(job?.features?.columns).toEqual(['Price', 'stock']);
    expect(text).toContain('    - Price # 0: 4.5, 6\n    - stock # 1: 3, # 8\n');
    expect(questions).toEqual([expect.stringContaining('Compare names and order')]);
    expect(draft(matrix(3)).questions.at(-1)).toContain('the model takes 3 columns, and the table has 2');
  });

  it('encodes text that the model takes as a number, and asks whether that is right', () => {
    const { job, questions } = draft(matrix(2, ['Price', 'region']));
    expect(job?.features?.select).toContain(
      `list_position(['east', 'o''hare', 'west'], "region") - 1 AS "region"`,
    );
    expect(questions).toEqual([expect.stringContaining('"region" is text')]);
  });

  it('suggests near names', () => {
    const { job, questions } = draft(matrix(2, ['price', 'stocks']));
    expect(job?.features?.columns).toEqual(['Price', 'stock']);
    expect(questions).toEqual([
      'the model wants a column "stocks", and the table has none: is "stock" the same thing?',
    ]);
  });

  it('finds inputs that are columns by their names, and names those it cannot fill', () => {
    const column = (name: string, elementType: TensorSpec['elementType'] = 'float32'): TensorSpec => ({
      ...{ name, elementType, shape: ['rows', 1] },
    });
    expect(draft(signature([column('Price'), column('region', 'string')])).questions).toEqual([]);
    const { job, questions } = draft(signature([column('prices'), column('weather')]));
    expect(job?.features?.select).toContain('"Price" AS "prices"');
    expect(questions).toEqual([
      'the model input "prices" is taken from "Price": is that the same thing?',
      'the model input "weather" needs a column, and the table has none of that name',
    ]);
  });

  it('has the store that the key says, or none', () => {
    expect(draft(matrix(null)).job?.kv).toEqual({ key: '{store}', field: '{date}' });
    expect(draft(matrix(null), { key: [], field: [] }).job?.kv).toBeUndefined();
  });

  it('proposes a date as the field, where it is not the whole key', () => {
    expect(proposedKey(SURVEY)).toEqual({ key: ['store'], field: ['date'] });
    expect(proposedKey({ ...SURVEY, key: ['date'] })).toEqual({ key: ['date'], field: [] });
    expect(proposedKey({ ...SURVEY, key: null })).toEqual({ key: [], field: [] });
  });

  it('says what keeps it from running, line by line', () => {
    expect(withObstacle('name: a\n', 'one\n  - two')).toBe('# OPEN: one\n# OPEN:   - two\nname: a\n');
  });
});
