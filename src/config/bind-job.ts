import { ServeBatchError } from '../core/errors.ts';
import { suggestion } from '../core/text/nearest.ts';
import type { MapText } from './fields/map-text.ts';
import { fillTemplates, paramsUsed, type TemplateValues, usesOccurrence } from './fill-templates.ts';
import type { BoundJob, JobSpec } from './job-spec.ts';
import { mapFeatures } from './sections/features.ts';
import { mapInput } from './sections/input.ts';
import { mapPublish } from './sections/publish.ts';
import { DEFAULT_SCHEDULE, mapSchedule } from './sections/schedule.ts';

export interface JobBinding {
  /** The scheduled instant that the run is for. Null: none. */
  readonly occurrence: Date | null;
  readonly now: Date;
  /** Values of parameters; they go before those of the job file. */
  readonly params?: Readonly<Record<string, string>>;
}

/**
 * The job of one run, with its templates filled and its occurrence set. Throws `USAGE` if a parameter is missing or
 * unknown or the occurrence is missing, and `JOB_FILE` for an unknown template.
 */
export function bindJob(spec: JobSpec, { occurrence, now, params = {} }: JobBinding): BoundJob {
  assertKnown(spec, params);
  const values: TemplateValues = {
    job: spec.name,
    occurrence,
    now,
    timeZone: timeZoneOf(spec),
    params: { ...spec.params, ...params },
  };
  const bound = mapTexts(spec, (text, where) => fillTemplates(text, where, values));
  return { ...bound, params: values.params, occurrence: occurrence?.toISOString() ?? null };
}

/** Whether a run of the job has to be for an occurrence: a template names it. */
export function needsOccurrence(spec: JobSpec): boolean {
  return usesOccurrence(textsOf(spec));
}

/** Where the job's days begin: the time zone of its schedule. */
export function timeZoneOf({ schedule }: Pick<JobSpec, 'schedule'>): string {
  return schedule?.timezone ?? DEFAULT_SCHEDULE.timezone;
}

function assertKnown(spec: JobSpec, params: Readonly<Record<string, string>>): void {
  const known = new Set([...Object.keys(spec.params), ...paramsUsed(textsOf(spec))]);
  for (const name of Object.keys(params)) {
    if (known.has(name)) continue;
    const list = known.size === 0 ? 'It has none.' : `It has ${[...known].join(', ')}.`;
    throw new ServeBatchError(
      'USAGE',
      `--param ${name} is not a parameter of the job ${spec.name}.${suggestion(name, [...known])} ${list} A job uses one as {{ params.${name} }}.`,
      { fields: { param: name } },
    );
  }
}

function textsOf(spec: JobSpec): string[] {
  const texts: string[] = [];
  mapTexts(spec, (text) => {
    texts.push(text);
    return text;
  });
  return texts;
}

/** The job with every text replaced that may hold a template. */
function mapTexts(spec: JobSpec, map: MapText): JobSpec {
  return {
    ...spec,
    input: mapInput(spec.input, map),
    features: mapFeatures(spec.features, map),
    schedule: spec.schedule === null ? null : mapSchedule(spec.schedule, map),
    publish: mapPublish(spec.publish, map),
  };
}
