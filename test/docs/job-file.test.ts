import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { jobJsonSchema } from '../../src/config/json-schema.ts';
import { parseJob } from '../../src/config/parse-job.ts';
import { codeSpans, fences, readDoc, tableRows } from './markdown.ts';

const PAGE = readDoc('docs/job-file.md');

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
}

/** `input`, `input.path`, `input.csv.delimiter` and so on, in the order of the schema. */
function fieldsOf(schema: Schema, path: string): string[] {
  const forms = [schema, ...(schema.anyOf ?? [])];
  return forms.flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, inner]) => {
      const field = path === '' ? name : `${path}.${name}`;
      return [field, ...fieldsOf(inner, field)];
    }),
  );
}

const fields = fieldsOf(JSON.parse(jobJsonSchema()) as Schema, '');
/** Tables of fields have four columns; others tell of templates and dimensions. */
const rows = tableRows(PAGE).filter((cells) => cells.length === 4);

describe('docs/job-file.md', () => {
  it('lists every field of the schema, and no other', () => {
    const listed = rows.map(([cell = '']) => codeSpans(cell)[0] ?? '');
    expect(listed.sort()).toEqual([...fields].sort());
  });

  it.each(fields)('says the type and the meaning of %s', (field) => {
    const [, type, , meaning] = rows.find(([cell]) => cell === `\`${field}\``) ?? [];
    expect(type).toMatch(/\w/);
    expect(meaning).toMatch(/\w/);
  });
});

const examples = ['README.md', 'docs/job-file.md', 'docs/getting-started.md'].flatMap((page) =>
  fences(readDoc(page))
    .filter(({ language }) => language === 'yaml')
    .map(({ text }) => ({ page, text, title: text.split('\n', 2).join(' / ') })),
);

describe('job files in the documentation', () => {
  it.each(examples)('$page: $title', ({ text }) => {
    const { problems } = parseJob(parse(text), { REDIS_PASSWORD: 'example' });
    expect(problems).toEqual([]);
  });
});
