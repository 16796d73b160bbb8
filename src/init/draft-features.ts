import type { ModelSignature, TensorSpec } from '../core/model.ts';
import { isNumberType } from '../core/table.ts';
import { nearestNames } from '../core/text/nearest.ts';
import { quoteName, quoteText } from '../core/text/sql.ts';
import { widthOf } from '../features/bind-inputs.ts';
import type { TableSurvey } from '../source/tables/survey-table.ts';

/** The lines of the section `features`, and what is not known. */
export interface FeaturesDraft {
  readonly lines: readonly string[];
  /** What to look at before the predictions are trusted: sentences. */
  readonly questions: readonly string[];
}

export interface FeaturesRequest {
  readonly signature: ModelSignature;
  readonly survey: TableSurvey;
  /** Columns of the key: they are no features, unless the model names them. */
  readonly key: readonly string[];
  /** As --features names them; null: they are found. */
  readonly features: readonly string[] | null;
}

/** Which columns fill the model's inputs, as far as names and types say it. Pure. */
export function draftFeatures(request: FeaturesRequest): FeaturesDraft {
  const { signature } = request;
  const [only, ...others] = signature.inputs;
  if (only !== undefined && others.length === 0 && widthOf(only) !== 1) return ofMatrix(only, request);
  return ofColumns(request);
}

/** One input a column: found by name. */
function ofColumns({ signature, survey, features }: FeaturesRequest): FeaturesDraft {
  const questions: string[] = [];
  const made: string[] = [];
  const wide = signature.inputs.filter((input) => widthOf(input) !== 1);
  const own = signature.inputs.length === 1 ? (features ?? signature.featureNames) : null;
  for (const [index, input] of signature.inputs.entries()) {
    if (wide.includes(input)) continue;
    const wanted = own?.[index] ?? input.name;
    const found = sameName(survey, wanted);
    const column = found ?? bestGuess(survey, wanted, signature.inputs, index);
    if (found === null)
      questions.push(
        column === null
          ? `the model input "${input.name}" needs a column, and the table has none of that name`
          : `the model input "${input.name}" is taken from "${column}": is that the same thing?`,
      );
    if (column === null) continue;
    const value = input.elementType === 'string' ? quoteName(column) : numberSql(survey, column, questions);
    if (found === null || value !== quoteName(column)) made.push(`${value} AS ${quoteName(input.name)}`);
  }
  if (wide.length > 0)
    questions.push(
      `write features.columns with the columns of ${wide.map(({ name }) => `"${name}"`).join(' and ')}, in order: {${wide.map(({ name }) => `${name}: [...]`).join(', ')}}`,
    );
  return { lines: made.length === 0 ? [] : selectLines(survey, made), questions };
}

/** The columns of one matrix, in order. */
function ofMatrix(input: TensorSpec, request: FeaturesRequest): FeaturesDraft {
  const { signature, survey, features } = request;
  const questions: string[] = [];
  const names = features ?? signature.featureNames;
  const width = widthOf(input);
  if (names !== null) {
    const columns = names.map((name) => namedColumn(survey, name, questions));
    const made = encodings(survey, columns, input, questions);
    const isFound = features === null && columns.every((column, index) => column === names[index]);
    return {
      lines: [...(isFound ? [] : columnLines(survey, columns)), ...selectPart(survey, made)],
      questions,
    };
  }
  const columns = numericColumns(request).slice(0, width ?? undefined);
  questions.push(
    `the model does not say which columns its input "${input.name}" takes: these are the numeric ones in the order of the table. Compare names and order with those that the model was trained with`,
  );
  if (width !== null && columns.length < width)
    questions.push(
      `the model takes ${width} columns, and the table has ${columns.length} numeric ones besides the key: add ${width - columns.length}`,
    );
  return { lines: columnLines(survey, columns), questions };
}

function namedColumn(survey: TableSurvey, name: string, questions: string[]): string {
  const found = sameName(survey, name);
  if (found !== null) return found;
  const [near] = nearestNames(
    name,
    survey.columns.map((column) => column.name),
    1,
  );
  questions.push(
    near === undefined
      ? `the model wants a column "${name}", and the table has none like it`
      : `the model wants a column "${name}", and the table has none: is "${near}" the same thing?`,
  );
  return near ?? name;
}

/** Text that a model takes as numbers, encoded by its place in the alphabet. */
function encodings(
  survey: TableSurvey,
  columns: readonly string[],
  { elementType }: TensorSpec,
  questions: string[],
): readonly string[] {
  if (elementType === 'string') return [];
  return [...new Set(columns)].flatMap((column) => {
    const value = numberSql(survey, column, questions);
    return value === quoteName(column) ? [] : [`${value} AS ${quoteName(column)}`];
  });
}

/** A column as a number. A text of known values becomes its place among them. */
function numberSql({ columns, texts }: TableSurvey, column: string, questions: string[]): string {
  const type = columns.find(({ name }) => name === column)?.type;
  if (type !== 'VARCHAR') return quoteName(column);
  const values = texts[column];
  if (values === undefined) {
    questions.push(
      `the model takes "${column}" as a number, and it is text with many values: encode it in features.select`,
    );
    return quoteName(column);
  }
  questions.push(
    `"${column}" is text, and the model takes a number: each value becomes its position, from 0, among the ${values.length} values of this table in alphabetical order. Was the model trained with exactly these?`,
  );
  return `list_position([${values.map(quoteText).join(', ')}], ${quoteName(column)}) - 1`;
}

function selectPart(survey: TableSurvey, made: readonly string[]): readonly string[] {
  return made.length === 0 ? [] : selectLines(survey, made);
}

function selectLines(survey: TableSurvey, made: readonly string[]): readonly string[] {
  const known = new Set(survey.columns.map(({ name }) => quoteName(name)));
  const isKnown = (text: string) => known.has(text.slice(text.lastIndexOf(' AS ') + 4));
  const [replaced, added] = [made.filter(isKnown), made.filter((text) => !isKnown(text))];
  const star = replaced.length === 0 ? '*' : `* REPLACE (\n        ${replaced.join(',\n        ')}\n      )`;
  return ['  select: |', `    SELECT ${[star, ...added].join(',\n      ')}`, '    FROM input'];
}

/** One column a line, with its place in the model and its first values. */
function columnLines({ first }: TableSurvey, columns: readonly string[]): readonly string[] {
  return [
    '  columns:',
    ...columns.map(
      (column, index) =>
        `    - ${yamlText(column)} # ${index}: ${(first[column] ?? []).map(oneLine).join(', ')}`,
    ),
  ];
}

function numericColumns({ survey, key }: FeaturesRequest): readonly string[] {
  return survey.columns
    .filter(({ name, type }) => !key.includes(name) && (isNumberType(type) || type === 'BOOLEAN'))
    .map(({ name }) => name);
}

function sameName({ columns }: TableSurvey, wanted: string): string | null {
  const exact = columns.find(({ name }) => name === wanted);
  const found = exact ?? columns.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return found?.name ?? null;
}

/** A near name; or, of a table with as many columns as the model has inputs, the one at the same place. */
function bestGuess(
  { columns }: TableSurvey,
  wanted: string,
  inputs: readonly TensorSpec[],
  index: number,
): string | null {
  const [near] = nearestNames(
    wanted,
    columns.map(({ name }) => name),
    1,
  );
  if (near !== undefined) return near;
  return columns.length === inputs.length ? (columns[index]?.name ?? null) : null;
}

/** A text as YAML has it: quoted where it could be read as something else. */
export function yamlText(text: string): string {
  const isPlain = /^[A-Za-z_][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 24 ? `${line.slice(0, 24)}…` : line;
}
