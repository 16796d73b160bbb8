import { ALERT_EVENTS } from './notify-schema.ts';
import type { CATCHUP_POLICIES, OVERLAP_POLICIES } from './schedule-schema.ts';

/** When a job runs by itself. */
export interface ScheduleSpec {
  /** Five fields, valid. */
  readonly cron: string;
  /** IANA. */
  readonly timezone: string;
  readonly catchup: (typeof CATCHUP_POLICIES)[number];
  readonly catchupWindowSeconds: number;
  /** 0: occurrences start at once. */
  readonly jitterSeconds: number;
  /** Counted from the occurrence. Null: none. */
  readonly deadlineSeconds: number | null;
  readonly overlap: (typeof OVERLAP_POLICIES)[number];
  /** After the first attempt. */
  readonly retries: number;
  /** Before the first retry; it doubles. */
  readonly backoffSeconds: number;
  readonly enabled: boolean;
}

export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** Who is told what. At least one of webhook and command is there. */
export interface NotifySpec {
  readonly on: readonly AlertEvent[];
  /** May hold a secret: mask before showing. */
  readonly webhook: string | null;
  readonly command: readonly string[] | null;
}

export const DEFAULT_SCHEDULE: Omit<ScheduleSpec, 'cron'> = {
  timezone: 'UTC',
  catchup: 'latest',
  catchupWindowSeconds: 7 * 86_400,
  jitterSeconds: 0,
  deadlineSeconds: null,
  overlap: 'wait',
  retries: 2,
  backoffSeconds: 60,
  enabled: true,
};

export const DEFAULT_ALERT_EVENTS: readonly AlertEvent[] = ALERT_EVENTS;
