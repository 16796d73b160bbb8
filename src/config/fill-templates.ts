import { ServeBatchError } from '../core/errors.ts';
import { suggestion } from '../core/text/nearest.ts';
import { localDate, localText, toLocal } from '../core/zoned-time.ts';
import { durationSeconds } from './fields/duration.ts';

/** What `{{ ... }}` in a job file may stand for. */
export interface TemplateValues {
  readonly job: string;
  /** Null: the run is for no occurrence, and a template that names it is an error. */
  readonly occurrence: Date | null;
  readonly now: Date;
  /** Of the job's schedule: days begin and end there. */
  readonly timeZone: string;
  readonly params: Readonly<Record<string, string>>;
}

const TEMPLATE = /\{\{([^{}]*)\}\}/g;
const OCCURRENCE = /^occurrence(?:\.(date|utc))?\s*(?:([+-])\s*(\w+))?$/;
const DAY_SECONDS = 86_400;
const EXPECTED =
  '{{ occurrence }}, {{ occurrence.date + 7d }}, {{ occurrence.utc }}, {{ run.date }} or {{ params.NAME }}';

/** Whether any of the texts names the occurrence: then a run needs one. */
export function usesOccurrence(texts: readonly string[]): boolean {
  return texts.some((text) => [...text.matchAll(TEMPLATE)].some(([, inner]) => isOccurrence(inner ?? '')));
}

/** Names of the parameters that the texts use. */
export function paramsUsed(texts: readonly string[]): ReadonlySet<string> {
  const names = texts.flatMap((text) => [...text.matchAll(TEMPLATE)].map(([, inner]) => paramName(inner)));
  return new Set(names.filter((name) => name !== undefined));
}

/**
 * Fills the templates of one text: `{{ occurrence }}` is the local time `2026-11-21T00:00:00` in the job's
 * time zone, `{{ occurrence.date }}` its date, `{{ occurrence.utc }}` the instant with a `Z`. Days and weeks
 * are added as a calendar does, hours, minutes and seconds as time passes.
 *
 * @param where the field, for messages
 */
export function fillTemplates(text: string, where: string, values: TemplateValues): string {
  return text.replace(TEMPLATE, (written, inner: string) => {
    const name = paramName(inner);
    if (name !== undefined) return paramValue(name, where, values);
    if (inner.trim() === 'run.date')
      return localDate(toLocal(values.occurrence ?? values.now, values.timeZone));
    const match = OCCURRENCE.exec(inner.trim());
    const shift = match === null ? undefined : shiftSeconds(match[2], match[3]);
    if (match === null || shift === undefined)
      throw new ServeBatchError('JOB_FILE', `${where} holds ${written}; expected ${EXPECTED}.`);
    if (values.occurrence === null) throw noOccurrence(where, written, values.job);
    return occurrenceText(values.occurrence, match[1], shift, values.timeZone);
  });
}

function occurrenceText(occurrence: Date, form: string | undefined, shift: number, timeZone: string): string {
  const isCalendar = shift % DAY_SECONDS === 0;
  if (form === 'utc') return `${new Date(occurrence.getTime() + shift * 1000).toISOString().slice(0, 19)}Z`;
  const local = isCalendar
    ? toLocal(occurrence, timeZone) + shift * 1000
    : toLocal(new Date(occurrence.getTime() + shift * 1000), timeZone);
  return form === 'date' ? localDate(local) : localText(local);
}

/** Seconds to add; undefined where what is written is no duration. Zero is one here: `+ 0d`. */
function shiftSeconds(sign: string | undefined, duration: string | undefined): number | undefined {
  if (duration === undefined) return 0;
  const seconds = /^0+[smhdw]?$/.test(duration) ? 0 : durationSeconds(duration);
  if (seconds === undefined) return undefined;
  return sign === '-' ? -seconds : seconds;
}

function isOccurrence(inner: string): boolean {
  return /^\s*occurrence\b/.test(inner);
}

function paramName(inner: string | undefined): string | undefined {
  return /^\s*params?\.([A-Za-z_][\w-]*)\s*$/.exec(inner ?? '')?.[1];
}

function paramValue(name: string, where: string, { params }: TemplateValues): string {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value !== undefined) return value;
  throw new ServeBatchError(
    'USAGE',
    `${where} needs the parameter "${name}", which has no value.${suggestion(name, Object.keys(params))} Give it with --param ${name}=VALUE, or a default in params of the job file.`,
    { fields: { param: name } },
  );
}

function noOccurrence(where: string, written: string, job: string): ServeBatchError {
  return new ServeBatchError(
    'USAGE',
    `${where} holds ${written}, but this run of ${job} has no occurrence. Give one with --occurrence 2026-11-21, or give the job a schedule.`,
  );
}
