import { parseDuration } from './duration.ts';
import type { JobFile } from './job-schema.ts';
import { resolvePath } from './resolve-path.ts';
import { isZero } from './schedule-schema.ts';
import {
  DEFAULT_ALERT_EVENTS,
  DEFAULT_SCHEDULE,
  type NotifySpec,
  type ScheduleSpec,
} from './schedule-spec.ts';

/** The long form of `schedule`; null where the job has none. */
export function normaliseSchedule(schedule: JobFile['schedule']): ScheduleSpec | null {
  if (schedule === undefined) return null;
  const { catchupWindow, jitter, deadline, backoff, ...rest } =
    typeof schedule === 'string' ? { cron: schedule } : schedule;
  const seconds = (value: string | number | undefined, field: string): number | undefined =>
    value === undefined ? undefined : isZero(value) ? 0 : parseDuration(value, `schedule.${field}`);
  return {
    ...DEFAULT_SCHEDULE,
    ...rest,
    cron: rest.cron.trim(),
    catchupWindowSeconds: seconds(catchupWindow, 'catchupWindow') ?? DEFAULT_SCHEDULE.catchupWindowSeconds,
    jitterSeconds: seconds(jitter, 'jitter') ?? DEFAULT_SCHEDULE.jitterSeconds,
    deadlineSeconds: seconds(deadline, 'deadline') ?? DEFAULT_SCHEDULE.deadlineSeconds,
    backoffSeconds: seconds(backoff, 'backoff') ?? DEFAULT_SCHEDULE.backoffSeconds,
  };
}

/** The long form of `notify`; null where nobody is told. A program that is no mere name is a path. */
export function normaliseNotify(notify: JobFile['notify'], folder: string): NotifySpec | null {
  if (notify === undefined) return null;
  const { on = DEFAULT_ALERT_EVENTS, webhook = null, command } = notify;
  const [program = '', ...args] = command ?? [];
  const path = program.includes('/') ? resolvePath(program, folder) : program;
  return { on, webhook, command: command === undefined ? null : [path, ...args] };
}
