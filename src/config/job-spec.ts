import type { ActualsSpec, IntervalsSpec } from '../core/accuracy.ts';
import type { InvalidRowPolicy } from '../core/plan.ts';
import type { CoverageSpec } from './sections/coverage.ts';
import type { ExecutionSpec } from './sections/execution.ts';
import type { FeaturesSpec } from './sections/features.ts';
import type { InputSpec } from './sections/input.ts';
import type { KvSpec } from './sections/kv.ts';
import type { LineageSpec } from './sections/lineage.ts';
import type { MetricsSpec } from './sections/metrics.ts';
import type { ModelSpec } from './sections/model.ts';
import type { NotifySpec } from './sections/notify.ts';
import type { OutputSpec } from './sections/output.ts';
import type { PublishSpec } from './sections/publish.ts';
import type { ScheduleSpec } from './sections/schedule.ts';
import type { ServingSpec } from './sections/serving.ts';

/**
 * A job as the rest of the program sees it: checked, with its defaults, its paths absolute and its
 * variables filled. `jobs/NAME.yaml` may say the same in shorter forms (see job-schema.ts).
 */
export interface JobSpec {
  readonly name: string;
  readonly description: string | null;
  /** Whether `run` without a name means this job. */
  readonly isDefault: boolean;
  /** What `{{ params.NAME }}` stands for in the texts of the job. */
  readonly params: Readonly<Record<string, string>>;
  /** Only a job that is bound to a run has one: see {@link BoundJob}. */
  readonly occurrence?: never;
  readonly input: InputSpec;
  readonly features: FeaturesSpec;
  readonly model: ModelSpec;
  readonly output: OutputSpec;
  /** Null: the predictions go to no store. */
  readonly kv: KvSpec | null;
  readonly execution: ExecutionSpec;
  readonly onInvalid: InvalidRowPolicy;
  /** Of a grid: what must be there before a run is published. */
  readonly coverage: CoverageSpec;
  readonly publish: PublishSpec;
  /** What came true. Null: runs are not scored. */
  readonly actuals: ActualsSpec | null;
  /** Null: predictions have no bounds. */
  readonly intervals: IntervalsSpec | null;
  /** Null: it runs only when asked. */
  readonly schedule: ScheduleSpec | null;
  /** Null: nobody is told. */
  readonly notify: NotifySpec | null;
  /** Fetched after each success. May hold a secret: mask before showing. Null: none. */
  readonly heartbeat: string | null;
  /** Null: the figures of its runs go nowhere by themselves. */
  readonly metrics: MetricsSpec | null;
  /** Null: nothing is sent to OpenLineage. */
  readonly lineage: LineageSpec | null;
  /** How it is answered for by `serve`. */
  readonly serving: ServingSpec;
}

/**
 * The job of one run: its templates are filled, so that no text of it may be read as a template again.
 * A type of its own, which is no {@link JobSpec}: binding it once more does not compile.
 */
export interface BoundJob extends Omit<JobSpec, 'occurrence'> {
  /** The scheduled instant that the run is for, ISO 8601 in UTC. Null: none. */
  readonly occurrence: string | null;
}
