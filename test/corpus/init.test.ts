import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseJob } from '../../src/config/parse-job.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import { bindInputs } from '../../src/features/bind-inputs.ts';
import { ModelSession } from '../../src/inference/model-session.ts';
import { draftJob } from '../../src/init/draft-job.ts';
import type { TableSurvey } from '../../src/source/tables/survey-table.ts';
import { corpusFile, describeCorpus } from './corpus.ts';

const NAMES = Array.from({ length: 30 }, (_, index) => `f${index}`);

/** A table with a key, and more columns of numbers and text than most models take. */
const SURVEY: TableSurvey = {
  columns: [
    { name: 'id', type: 'BIGINT' },
    ...NAMES.map((name) => ({ name, type: 'DOUBLE' })),
    { name: 'word', type: 'VARCHAR' },
  ],
  rows: 4,
  first: {},
  texts: { word: ['a'] },
  key: ['id'],
};

const MODELS = ['onnx/awkward', 'onnx/tabular', 'onnx/types'] as const;

describeCorpus('onnx', () => {
  const models = MODELS.flatMap((place) =>
    readdirSync(corpusFile(place, ''), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.onnx'))
      .map((name) => join(corpusFile(place, ''), name)),
  );

  it.each(models.map((path) => ({ path, title: `${basename(dirname(path))}/${basename(path)}` })))(
    '$title: a drafted job binds every input, or marks what is open',
    async ({ path }) => {
      const session = await ModelSession.open(path, { threads: 1 }).catch((error: unknown) => error);
      // A model that cannot be opened says why, and gets no job.
      if (!(session instanceof ModelSession)) return expect(session).toBeInstanceOf(ServeBatchError);
      const { signature } = session;
      await session.close();
      const names = { name: 'drafted', model: 'm.onnx', input: 'table.csv' };
      const draft = draftJob({ ...names, signature, survey: SURVEY, key: ['id'], field: [], features: null });
      const { job, problems } = parseJob(parse(draft.text), {});
      expect(problems).toEqual([]);
      if (draft.questions.length > 0) return expect(draft.text).toContain('# CHECK: ');
      expect(job?.features?.select).toBeUndefined();
      bindInputs({
        signature,
        columns: SURVEY.columns,
        featureColumns: job?.features?.columns ?? null,
        fromText: true,
        tableName: 'table.csv',
      });
    },
  );
});
