import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import { suggestion } from '../core/nearest.ts';
import type { DimensionSpec } from '../source/grid/grid-spec.ts';
import { fillTemplates, paramsUsed, type TemplateValues, usesOccurrence } from './fill-templates.ts';
import type { InputSpec, JobSpec } from './job-spec.ts';
import { DEFAULT_SCHEDULE } from './schedule-spec.ts';

export interface JobBinding {
  /** The scheduled instant that the run is for. Null: none. */
  readonly occurrence: Date | null;
  readonly now: Date;
  /** Values of parameters; they go before those of the job file. */
  readonly params?: Readonly<Record<string, string>>;
}

/**
 * The job of one run: its templates filled, its occurrence known. Binding a job that is bound changes
 * nothing. Throws `USAGE` for a parameter that is missing or unknown and for a missing occurrence, and
 * `JOB_FILE` for a template that says nothing known.
 */
export function bindJob(spec: JobSpec, { occurrence, now, params = {} }: JobBinding): JobSpec {
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

/** For those who were handed a job: one that is bound stays as it is, one that is not is bound without occurrence. */
export function bindAgain(spec: JobSpec, clock: Clock): JobSpec {
  const occurrence = spec.occurrence === null ? null : new Date(spec.occurrence);
  return bindJob(spec, { occurrence, now: clock.now() });
}

/** Whether a run of the job has to be for an occurrence: a template names it. */
export function needsOccurrence(spec: JobSpec): boolean {
  return usesOccurrence(textsOf(spec));
}

/** Where the job's days begin: the time zone of its schedule. */
export function timeZoneOf({ schedule }: JobSpec): string {
  return schedule?.timezone ?? DEFAULT_SCHEDULE.timezone;
}

function assertKnown(spec: JobSpec, params: Readonly<Record<string, string>>): void {
  const known = new Set([...Object.keys(spec.params), ...paramsUsed(textsOf(spec))]);
  for (const name of Object.keys(params)) {
    if (known.has(name)) continue;
    const list = known.size === 0 ? 'It has none.' : `It has ${[...known].join(', ')}.`;
    throw new ServeBatchError(
      'USAGE',
      `--param ${name} is no parameter of the job ${spec.name}.${suggestion(name, [...known])} ${list} A job uses one as {{ params.${name} }}.`,
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
function mapTexts(spec: JobSpec, map: (text: string, where: string) => string): JobSpec {
  const { features } = spec;
  const tables = Object.entries(features.tables);
  return {
    ...spec,
    input: mapInput(spec.input, map),
    features: {
      ...features,
      select: features.select === null ? null : map(features.select, 'features.select'),
      tables: Object.fromEntries(tables.map(([name, path]) => [name, map(path, `features.tables.${name}`)])),
    },
  };
}

function mapInput(input: InputSpec, map: (text: string, where: string) => string): InputSpec {
  const { grid } = input;
  return {
    ...input,
    paths: input.paths.map((path) => map(path, 'input')),
    grid:
      grid === null
        ? null
        : {
            dimensions: grid.dimensions.map((each) => mapDimension(each, map)),
            filter: grid.filter === null ? null : map(grid.filter, 'input.filter'),
          },
  };
}

function mapDimension(dimension: DimensionSpec, map: (text: string, where: string) => string): DimensionSpec {
  const where = `input.grid.${dimension.name}`;
  const mapValue = <T>(value: T): T => (typeof value === 'string' ? (map(value, where) as T) : value);
  switch (dimension.kind) {
    case 'file':
      return { ...dimension, path: map(dimension.path, where) };
    case 'list':
      return { ...dimension, values: dimension.values.map(mapValue) };
    case 'range':
      return { ...dimension, from: mapValue(dimension.from), to: mapValue(dimension.to) };
  }
}
