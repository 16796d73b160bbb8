import { ServeBatchError } from '../../core/errors.ts';
import type { Column } from '../../core/table.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';
import { INPUT_ROW } from '../../source/input-row.ts';
import { cellText, typedSql, wrongCell } from './cell-text.ts';
import type { Cells, LiveAnswer, LiveQuestion } from './live-question.ts';
import type { LiveRun, LiveScores } from './live-run.ts';
import { columnsOfRows, PostedRows } from './posted-rows.ts';

type KeyQuestion = Extract<LiveQuestion, { readonly kind: 'key' }>;
type RowQuestion = Extract<LiveQuestion, { readonly kind: 'row' }>;

const ASKED = 'serve_batch_live_asked';

/** Answers what waits, in its order: rows of one kind are scored together. */
export async function answerLive(
  run: LiveRun,
  questions: readonly LiveQuestion[],
): Promise<readonly LiveAnswer[]> {
  const answers = new Array<LiveAnswer>(questions.length).fill({ kind: 'unknown' });
  const keys: Placed<KeyQuestion>[] = [];
  const rows: Placed<RowQuestion>[] = [];
  questions.forEach((question, place) => {
    if (question.kind === 'key') keys.push({ place, question });
    else rows.push({ place, question });
  });
  const note = (place: number, answer: LiveAnswer): void => {
    answers[place] = answer;
  };
  if (keys.length > 0) await answerKeys(run, keys, note);
  if (rows.length > 0) await answerRows(run, rows, note);
  return answers;
}

interface Placed<Q> {
  readonly place: number;
  readonly question: Q;
}
type Note = (place: number, answer: LiveAnswer) => void;

/** What a question changes, by column, as typed SQL. */
interface Changes {
  readonly input: ReadonlyMap<string, string>;
  readonly features: ReadonlyMap<string, string>;
}

interface Changed {
  readonly changes: Changes;
}

async function answerKeys(run: LiveRun, all: readonly Placed<KeyQuestion>[], note: Note): Promise<void> {
  const asked: (Placed<KeyQuestion> & Changed)[] = [];
  for (const each of all) {
    try {
      asked.push({ ...each, changes: await changesOf(run, each.question.changed) });
    } catch (error) {
      note(each.place, wrongAnswer(error));
    }
  }
  if (asked.length === 0) return;
  const rows = await run.keys();
  const { places, relation } = await rows.find(asked.map(({ question }) => question));
  const found = places.flatMap((place) => asked[place] ?? []);
  if (found.length === 0) return;
  const scores = await run.score(
    {
      table: withChanges(run, relation, found),
      columns: run.plan.input.columns,
      rowStart: 0,
      rowEnd: found.length,
    },
    changedSql(found, 'features'),
  );
  found.forEach(({ place }, row) => {
    note(place, answerOf(scores, row));
  });
}

function withChanges(run: LiveRun, relation: string, found: readonly Changed[]): string {
  const changed = changedSql(found, 'input');
  if (changed.size === 0) return relation;
  const list = run.plan.input.columns.map(({ name }) => {
    const sql = changed.get(name);
    return sql === undefined ? quoteName(name) : `${sql} AS ${quoteName(name)}`;
  });
  return `(SELECT ${INPUT_ROW}, ${list.join(', ')} FROM ${relation})`;
}

/** For each column that any question changes: an expression that has the changed values for those questions' rows. */
function changedSql(rows: readonly Changed[], where: keyof Changes): ReadonlyMap<string, string> {
  const names = new Set(rows.flatMap(({ changes }) => [...changes[where].keys()]));
  return new Map(
    [...names].map((name) => {
      const cases = rows.flatMap(({ changes }, row) => {
        const sql = changes[where].get(name);
        return sql === undefined ? [] : [`WHEN ${row} THEN ${sql}`];
      });
      return [name, `CASE ${INPUT_ROW} ${cases.join(' ')} ELSE ${quoteName(name)} END`];
    }),
  );
}

/** A column of the input changes what follows from it; else it is one that `features.select` returns. */
async function changesOf(run: LiveRun, changed: Cells): Promise<Changes> {
  const input = new Map<string, string>();
  const features = new Map<string, string>();
  for (const [name, cell] of Object.entries(changed)) {
    const own = columnNamed(run.plan.input.columns, name);
    const column = own ?? columnNamed(run.features, name);
    if (column === undefined) throw unknownColumn(run, name);
    const text = cellText(column.name, column.type, cell);
    const sql = text === null ? `CAST(NULL AS ${column.type})` : typedSql(quoteText(text), column.type);
    const [row] = await run.database.rows(`SELECT (${sql}) IS NULL AS bad`);
    if (text !== null && row?.bad !== false) throw wrongCell(column.name, column.type, cell);
    (own === undefined ? features : input).set(column.name, sql);
  }
  return { input, features };
}

function columnNamed(columns: readonly Column[], name: string): Column | undefined {
  return (
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  );
}

function unknownColumn(run: LiveRun, name: string): ServeBatchError {
  const names = [...new Set([...run.plan.input.columns, ...run.features].map((column) => column.name))];
  return new ServeBatchError(
    'USAGE',
    `The column "${name}" is neither one of the input nor a feature of the model.${suggestion(name, names)} There are ${names.join(', ')}.`,
    { fields: { column: name } },
  );
}

/** Rows with the same columns make one table. */
async function answerRows(run: LiveRun, all: readonly Placed<RowQuestion>[], note: Note): Promise<void> {
  const kinds = new Map<string, Placed<RowQuestion>[]>();
  for (const each of all) {
    const kind = JSON.stringify(Object.keys(each.question.cells).sort());
    kinds.set(kind, [...(kinds.get(kind) ?? []), each]);
  }
  for (const group of kinds.values()) {
    try {
      await answerGroup(run, group, note);
    } catch (error) {
      const answer = wrongAnswer(error);
      for (const { place } of group) note(place, answer);
    }
  }
}

async function answerGroup(run: LiveRun, group: readonly Placed<RowQuestion>[], note: Note): Promise<void> {
  const columns = columnsOfRows(run, Object.keys(group[0]?.question.cells ?? {}));
  const good: { readonly place: number; readonly texts: readonly (string | null)[] }[] = [];
  for (const { place, question } of group) {
    try {
      good.push({ place, texts: columns.texts(question.cells) });
    } catch (error) {
      note(place, wrongAnswer(error));
    }
  }
  if (good.length === 0) return;
  const posted = await PostedRows.ofTexts(
    run,
    ASKED,
    columns.all,
    good.map(({ texts }) => texts),
  );
  const scores = await posted.score(0, posted.rows);
  good.forEach(({ place }, row) => {
    note(place, answerOf(scores, row));
  });
}

function answerOf({ texts, rejects }: LiveScores, row: number): LiveAnswer {
  const text = texts.get(row);
  if (text !== undefined) return { kind: 'value', text };
  const reject = rejects.find(({ inputRow }) => inputRow === row);
  return { kind: 'reject', column: reject?.column ?? null, reason: reject?.reason ?? 'it is not known why' };
}

/** What is wrong with the question; what is wrong with the run is thrown on. */
function wrongAnswer(error: unknown): LiveAnswer {
  if (!(error instanceof ServeBatchError) || error.code !== 'USAGE') throw error;
  return { kind: 'wrong', column: String(error.fields.column ?? ''), message: error.message };
}
