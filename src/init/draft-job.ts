import type { ModelSignature } from '../core/model.ts';
import { formatNumber } from '../core/text/amounts.ts';
import type { TableSurvey } from '../source/tables/survey-table.ts';
import { draftFeatures, yamlText } from './draft-features.ts';

export interface JobDraftRequest {
  readonly name: string;
  /** As the job file is to name them. */
  readonly model: string;
  readonly input: string;
  readonly signature: ModelSignature;
  readonly survey: TableSurvey;
  /** Empty: no store. */
  readonly key: readonly string[];
  readonly field: readonly string[];
  readonly features: readonly string[] | null;
}

export interface JobDraft {
  readonly text: string;
  readonly questions: readonly string[];
}

/** The key and the field of a store, as the columns that tell rows apart suggest them: a last date is the field. */
export function proposedKey({ key, columns }: Pick<TableSurvey, 'key' | 'columns'>): {
  readonly key: readonly string[];
  readonly field: readonly string[];
} {
  const names = key ?? [];
  const isTime = (name: string): boolean =>
    /^(?:DATE|TIMESTAMP)/.test(columns.find((column) => column.name === name)?.type ?? '');
  const field = names.length > 1 ? names.filter(isTime).slice(-1) : [];
  return { key: names.filter((name) => !field.includes(name)), field };
}

/** A job file, with a comment for everything that somebody has to look at. Pure. */
export function draftJob(request: JobDraftRequest): JobDraft {
  const { name, model, input, survey, key, field } = request;
  const features = draftFeatures({ ...request, key: [...key, ...field] });
  const template = (columns: readonly string[]) =>
    JSON.stringify(columns.map((column) => `{${column}}`).join(':'));
  const kv =
    key.length === 0
      ? ['# No columns tell all rows apart, so there is no store. To have one:', '# kv: {key: "{COLUMN}"}']
      : ['kv:', `  key: ${template(key)}`, ...(field.length === 0 ? [] : [`  field: ${template(field)}`])];
  const lines = [
    `name: ${name}`,
    ...(features.questions.length === 0
      ? []
      : ['', ...features.questions.map((each) => `# CHECK: ${each}${each.endsWith('?') ? '' : '.'}`)]),
    '',
    `input: ${yamlText(input)} # ${formatNumber(survey.rows, 'row')}`,
    ...(features.lines.length === 0 ? [] : ['', 'features:', ...features.lines]),
    '',
    `model: ${yamlText(model)}`,
    '',
    ...kv,
    '',
    '# fail: the first row that cannot be scored ends the run. reject: such rows are put aside.',
    'onInvalid: fail',
  ];
  return { text: `${lines.join('\n')}\n`, questions: features.questions };
}

/** The file with what keeps the job from running, as planning it said. */
export function withObstacle(text: string, obstacle: string): string {
  const lines = obstacle.split('\n').map((line) => `# OPEN: ${line}`);
  return `${lines.join('\n')}\n${text}`;
}
