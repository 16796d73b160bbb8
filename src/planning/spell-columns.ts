import type { BoundJob } from '../config/job-spec.ts';
import type { Column } from '../core/table.ts';
import { parseTemplate, type Template } from '../core/text/template.ts';

/**
 * The job with its columns spelt as the table spells them: case does not matter, since no two columns of a
 * table differ in case only. Names that the table does not have stay as they are. The first spelling counts.
 */
export function spellColumns(spec: BoundJob, columns: readonly Pick<Column, 'name'>[]): BoundJob {
  const spellings = new Map<string, string>();
  for (const { name } of columns)
    if (!spellings.has(name.toLowerCase())) spellings.set(name.toLowerCase(), name);
  const spell = (name: string): string => spellings.get(name.toLowerCase()) ?? name;
  const { kv, output, features } = spec;
  return {
    ...spec,
    output: {
      ...output,
      columns: typeof output.columns === 'string' ? output.columns : (output.columns?.map(spell) ?? null),
    },
    features: { ...features, columns: spellFeatures(features.columns, spell) },
    kv: kv && { ...kv, key: spellTemplate(kv.key, spell), field: kv.field && spellTemplate(kv.field, spell) },
  };
}

function spellFeatures(
  columns: BoundJob['features']['columns'],
  spell: (name: string) => string,
): BoundJob['features']['columns'] {
  if (columns === null) return null;
  if (Array.isArray(columns)) return columns.map(spell);
  const lists = Object.entries(columns as Readonly<Record<string, readonly string[]>>);
  return Object.fromEntries(lists.map(([input, list]) => [input, list.map(spell)]));
}

function spellTemplate({ columns, literals }: Template, spell: (name: string) => string): Template {
  const braces = (literal = ''): string => literal.replace(/[{}]/g, '$&$&');
  const pieces = columns.map((column, index) => `${braces(literals[index])}{${spell(column)}}`);
  return parseTemplate(`${pieces.join('')}${braces(literals[columns.length])}`, 'kv.key');
}
