import { ServeBatchError } from '../../src/core/errors.ts';
import { type Readiness, readinessOf } from '../../src/core/readiness.ts';
import { folderOfJob } from '../../src/jobs/plan/locations.ts';
import type { RunJobOptions, RunWitness } from '../../src/jobs/run-job-options.ts';
import { listOccurrences } from '../../src/runs/occurrence/list-occurrences.ts';
import type { ScheduledJob } from '../../src/schedule/schedule-effects.ts';
import { tickOnce } from '../../src/schedule/tick.ts';
import { seededRandom } from '../support/seeded-random.ts';
import {
  DAY,
  FakeClock,
  HOUR,
  MINUTE,
  occurrencesOf,
  type Simulation,
  scheduledJob,
  simulate,
} from './simulation.ts';

type DataState = 'absent' | 'half' | 'whole';

/** A run that was computed, and what it read. */
interface Computed {
  readonly occurrence: string;
  readonly state: DataState;
  readonly at: number;
}

const FROM = '2026-11-01T12:00:00.000Z';
const DEADLINE_SECONDS = 6 * 3600;

/**
 * Two schedulers over one output folder, and data that comes late, in pieces, and is written anew, at any moment:
 * between two looks, between a look and the lock, and while a run reads it.
 */
export class ReadinessWorld {
  readonly #chance: () => number;
  readonly #clock = new FakeClock(FROM);
  readonly #job: ScheduledJob;
  readonly #schedulers: readonly Simulation[];
  readonly #data = new Map<string, { state: DataState; version: number }>();
  readonly computed: Computed[] = [];
  readonly steps: string[] = [];

  constructor(root: string, seed: number) {
    this.#chance = seededRandom(seed);
    const onLate = this.#oneOf(['skip', 'run', 'fail'] as const);
    const catchup = this.#oneOf(['latest', 'all'] as const);
    const waitFor = [{ kind: 'sql', sql: 'true' }] as const;
    this.#job = scheduledJob(root, {
      waitFor,
      onLate,
      catchup,
      deadlineSeconds: DEADLINE_SECONDS,
      retries: 5,
    });
    this.#schedulers = [simulate(this.#clock), simulate(this.#clock)];
    this.steps.push(`${onLate} ${catchup}`);
  }

  #oneOf<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#chance() * items.length)];
    if (item === undefined) throw new RangeError('nothing to choose from');
    return item;
  }

  #dataOf(occurrence: string): { state: DataState; version: number } {
    const known = this.#data.get(occurrence) ?? { state: 'absent', version: 0 };
    this.#data.set(occurrence, known);
    return known;
  }

  #write(occurrence: string, state: DataState): void {
    const data = this.#dataOf(occurrence);
    data.state = state;
    data.version++;
  }

  /** Data may change at any moment at which somebody waits for a disk. */
  #perhapsWrite(occurrence: string, chance: number): void {
    if (this.#chance() < chance) this.#write(occurrence, this.#oneOf(['half', 'whole', 'whole']));
  }

  #effectsOf(simulation: Simulation) {
    const checkReady = async ({ occurrence }: { readonly occurrence: string | null }): Promise<Readiness> => {
      const isMet = this.#dataOf(occurrence ?? '').state === 'whole';
      const readiness = readinessOf(this.#clock.now(), [{ condition: 'data', isMet, found: '' }]);
      this.#perhapsWrite(occurrence ?? '', 0.2);
      return readiness;
    };
    const runJob: typeof simulation.effects.runJob = (options) =>
      simulation.effects.runJob({ ...options, ...this.#reading(options, simulation) });
    return { ...simulation.effects, checkReady, runJob };
  }

  /** As a run does: the input is identified before the lock, and one that was changed since is not read. */
  #reading({ spec, witness }: RunJobOptions, { mishaps }: Simulation): { readonly witness: RunWitness } {
    const occurrence = spec.occurrence ?? '';
    const identified = this.#dataOf(occurrence).version;
    if (witness === undefined) throw new TypeError('a scheduler keeps account of its runs');
    return {
      witness: {
        begins: async (readiness) => {
          await witness.begins(readiness);
          this.#perhapsWrite(occurrence, 0.1);
          if (this.#dataOf(occurrence).version !== identified) mishaps.unshift('fails');
        },
        ends: async (end) => {
          if (end.result?.outcome === 'computed')
            this.computed.push({
              occurrence,
              state: this.#dataOf(occurrence).state,
              at: this.#clock.now().getTime(),
            });
          await witness.ends(end);
        },
      },
    };
  }

  async #tick(...schedulers: readonly Simulation[]): Promise<void> {
    const loaded = { jobs: [this.#job], off: [], problems: [] };
    await Promise.all(schedulers.map((each) => tickOnce(loaded, this.#effectsOf(each), 1)));
  }

  /** One thing that happens. */
  async step(): Promise<void> {
    const [a, b] = this.#schedulers as readonly [Simulation, Simulation];
    const kind = this.#oneOf([
      'tick',
      'tick',
      'both',
      'both',
      'hour',
      'hour',
      'minutes',
      'day',
      'back',
      'kill',
      'fail',
      'write',
      'write',
      'write',
    ]);
    this.steps.push(kind);
    switch (kind) {
      case 'tick':
        return this.#tick(this.#oneOf([a, b]));
      case 'both':
        return this.#tick(a, b);
      case 'minutes':
        return this.#clock.advance(7 * MINUTE);
      case 'hour':
        return this.#clock.advance(3 * HOUR);
      case 'day':
        return this.#clock.advance(DAY);
      case 'back':
        return this.#clock.advance(-40 * MINUTE);
      case 'kill':
        this.#oneOf([a, b]).mishaps.push('is killed');
        return;
      case 'fail':
        this.#oneOf([a, b]).mishaps.push('fails');
        return;
      case 'write':
        return this.#write(this.#someOccurrence(), this.#oneOf(['half', 'whole', 'whole']));
    }
  }

  #someOccurrence(): string {
    const today = Math.floor(this.#clock.now().getTime() / DAY) * DAY;
    return new Date(today + this.#oneOf([-1, 0, 0, 1]) * DAY).toISOString();
  }

  /** All that is left to do is done, with the data as it is. */
  async settle(): Promise<void> {
    for (const { mishaps } of this.#schedulers) mishaps.length = 0;
    for (let index = 0; index < 6; index++) {
      this.#clock.advance(2 * HOUR);
      await this.#tick(...this.#schedulers);
    }
  }

  /** What must never happen; empty: all is well. */
  async violations(): Promise<readonly string[]> {
    const found: string[] = [];
    const runs = await occurrencesOf(this.#job);
    if (new Set(runs).size !== runs.length) found.push(`an occurrence has several runs: ${runs.join(', ')}`);
    const times = this.computed.map(({ occurrence }) => occurrence);
    if (new Set(times).size !== times.length)
      found.push(`an occurrence was computed twice: ${times.join(', ')}`);
    for (const { occurrence, state, at } of this.computed) {
      const isLate = at > Date.parse(occurrence) + DEADLINE_SECONDS * 1000;
      const mayRun = state === 'whole' || (this.#job.schedule.onLate === 'run' && isLate);
      if (!mayRun) found.push(`${occurrence} was computed from data that was ${state}`);
    }
    const open = ['waiting', 'running', 'interrupted'];
    const deadline = this.#clock.now().getTime() - DEADLINE_SECONDS * 1000;
    for (const { occurrence, status, error } of await listOccurrences(
      folderOfJob(this.#job.spec),
      this.#clock,
    ))
      if (open.includes(status) && error === null && Date.parse(occurrence) < deadline)
        found.push(`${occurrence} is still ${status}, long after its deadline`);
    return found;
  }
}

/** An error that says how to see it again. */
export async function assertHolds(root: string, seed: number, steps: number): Promise<number> {
  const world = new ReadinessWorld(root, seed);
  for (let index = 0; index < steps; index++) await world.step();
  await world.settle();
  const [violation] = await world.violations();
  if (violation !== undefined)
    throw new ServeBatchError('INTERNAL', `seed ${seed}: ${violation}\n${world.steps.join(' ')}`);
  return world.computed.length;
}
