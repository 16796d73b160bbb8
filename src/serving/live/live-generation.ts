import type { LiveSpec } from '../../config/sections/live.ts';
import type { Clock } from '../../core/effects.ts';
import { ServeBatchError, toServeBatchError } from '../../core/errors.ts';
import type { LiveAnswer, LiveQuestion } from '../../shard/live/live-question.ts';
import type { LiveColumns, RunReference } from '../../tasks/tasks.ts';
import type { OwnedWorkers } from '../../tasks/workers.ts';
import { LastAnswers } from '../last-answers.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { LiveFigures } from './live-figures.ts';

/** Questions of one model call, at most. */
const MOST_AT_ONCE = 256;
/** How often a question is given to a process: one that died may have died of another one. */
const MOST_TRIES = 2;

export interface LiveGenerationOptions {
  readonly run: RunReference;
  readonly workers: OwnedWorkers;
  readonly live: LiveSpec;
  readonly figures: LiveFigures;
  readonly clock: Clock;
  /** Told why a call of the process failed. */
  readonly onFailure: (error: ServeBatchError) => void;
}

/** One question, however many requests ask it at once. */
interface Flight {
  readonly name: string;
  readonly question: LiveQuestion;
  readonly answer: Promise<LiveAnswer>;
  readonly resolve: (answer: LiveAnswer) => void;
  readonly reject: (error: unknown) => void;
  /** Requests that wait for it. */
  waiting: number;
  tries: number;
}

/**
 * Asks the model of one generation, in a process of its own. What waits is asked together, without waiting for more;
 * the same question is asked once, and its answer kept. All of it goes when another run is published.
 */
export class LiveGeneration {
  readonly #options: LiveGenerationOptions;
  readonly #breaker: CircuitBreaker;
  readonly #known: LastAnswers<LiveAnswer>;
  readonly #flights = new Map<string, Flight>();
  readonly #queue: Flight[] = [];
  #columns: LiveColumns | null = null;
  #hasAnswered = false;
  #current: { readonly flights: readonly Flight[]; readonly stop: AbortController } | null = null;

  constructor(options: LiveGenerationOptions) {
    this.#options = options;
    this.#breaker = new CircuitBreaker(options.clock);
    this.#known = new LastAnswers(options.live.cache);
  }

  get waiting(): number {
    return this.#queue.length;
  }

  get isOpen(): boolean {
    return this.#breaker.isOpen;
  }

  /** Whether it could be asked when it was tried last. */
  get isReady(): boolean {
    return (this.#columns !== null || this.#hasAnswered) && !this.isOpen;
  }

  /** Whether nobody waits for anything. */
  get isIdle(): boolean {
    return this.#flights.size === 0;
  }

  /** Starts the process and opens the run, so that the first question need not wait for it. */
  async warmUp(): Promise<void> {
    const { workers, run } = this.#options;
    try {
      this.#columns = await workers.run('live-open', { ...run, indexesKeys: true });
    } catch (error) {
      this.#note(toServeBatchError(error));
    }
  }

  /** Throws `LIVE_BUSY` where too many wait or it takes too long, and `LIVE_UNAVAILABLE`. */
  async ask(question: LiveQuestion): Promise<LiveAnswer> {
    const { figures } = this.#options;
    const name = JSON.stringify(question);
    const known = this.#known.get(name);
    if (known !== undefined) {
      figures.cached++;
      this.#known.set(name, known);
      return known;
    }
    let flight = this.#flights.get(name);
    if (flight === undefined) flight = this.#start(name, question);
    else figures.joined++;
    return this.#wait(flight);
  }

  /** Throws `LIVE_UNAVAILABLE`. */
  async columns(): Promise<LiveColumns> {
    if (this.#columns !== null) return this.#columns;
    this.#breaker.assertClosed();
    const { workers, run } = this.#options;
    try {
      this.#columns = await workers.run('live-open', { ...run, indexesKeys: false });
      return this.#columns;
    } catch (error) {
      const known = toServeBatchError(error);
      this.#note(known);
      throw liveError(known);
    }
  }

  async close(): Promise<void> {
    await this.#options.workers.close();
  }

  #start(name: string, question: LiveQuestion): Flight {
    const { live, figures } = this.#options;
    this.#breaker.assertClosed();
    if (this.#queue.length >= live.queue) {
      figures.refused++;
      throw new ServeBatchError(
        'LIVE_BUSY',
        `${live.queue} questions wait for the live model of this job already. Ask again in a moment.`,
      );
    }
    const { promise: answer, resolve, reject } = withResolvers<LiveAnswer>();
    // Those who wait are told; there may be none left.
    answer.catch(() => {});
    const flight = { name, question, answer, resolve, reject, waiting: 0, tries: 0 };
    this.#flights.set(name, flight);
    this.#queue.push(flight);
    // What else arrives in this turn of the event loop goes with it.
    setImmediate(() => void this.#pump());
    return flight;
  }

  async #wait(flight: Flight): Promise<LiveAnswer> {
    const { live } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    flight.waiting++;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(lateError(live.deadlineSeconds)), live.deadlineSeconds * 1000);
    });
    try {
      return await Promise.race([flight.answer, late]);
    } finally {
      clearTimeout(timer);
      flight.waiting--;
      if (flight.waiting === 0) this.#abandon(flight);
    }
  }

  /** Nobody waits for it any more: it is not asked, and one that is being asked is stopped once that goes for all. */
  #abandon(flight: Flight): void {
    if (this.#flights.get(flight.name) !== flight) return;
    const place = this.#queue.indexOf(flight);
    if (place !== -1) {
      this.#queue.splice(place, 1);
      this.#flights.delete(flight.name);
    } else if (this.#current?.flights.every(({ waiting }) => waiting === 0)) {
      this.#current.stop.abort(lateError(this.#options.live.deadlineSeconds));
    }
  }

  async #pump(): Promise<void> {
    if (this.#current !== null || this.#queue.length === 0) return;
    const flights = this.#take();
    const stop = new AbortController();
    this.#current = { flights, stop };
    const { workers, run, figures, clock } = this.#options;
    const beganMs = clock.monotonicMs();
    try {
      const questions = flights.map(({ question }) => question);
      const answers = await workers.run('live-answer', { ...run, questions }, { signal: stop.signal });
      this.#breaker.succeeded();
      this.#hasAnswered = true;
      figures.called(flights.length, (clock.monotonicMs() - beganMs) / 1000);
      flights.forEach((flight, index) => {
        this.#land(flight, answers[index] ?? { kind: 'unknown' });
      });
    } catch (error) {
      this.#failed(flights, toServeBatchError(error), stop.signal.aborted);
    } finally {
      this.#current = null;
      if (this.#queue.length > 0) setImmediate(() => void this.#pump());
    }
  }

  /** Those that a process has died of, or beside, go alone. */
  #take(): readonly Flight[] {
    if ((this.#queue[0]?.tries ?? 0) > 0) return this.#queue.splice(0, 1);
    const retried = this.#queue.findIndex(({ tries }) => tries > 0);
    return this.#queue.splice(0, Math.min(MOST_AT_ONCE, retried === -1 ? MOST_AT_ONCE : retried));
  }

  #land(flight: Flight, answer: LiveAnswer): void {
    this.#flights.delete(flight.name);
    if (this.#options.live.cache > 0) this.#known.set(flight.name, answer);
    flight.resolve(answer);
  }

  #failed(flights: readonly Flight[], error: ServeBatchError, wasStopped: boolean): void {
    if (!wasStopped) this.#note(error);
    const isLost = error.code === 'CHILD_DIED' && !this.#breaker.isOpen;
    for (const flight of [...flights].reverse()) {
      flight.tries++;
      if (isLost && flight.waiting > 0 && flight.tries < MOST_TRIES) this.#queue.unshift(flight);
      else this.#fail(flight, error);
    }
    if (this.#breaker.isOpen) for (const flight of this.#queue.splice(0)) this.#fail(flight, error);
  }

  #fail(flight: Flight, error: ServeBatchError): void {
    this.#flights.delete(flight.name);
    flight.reject(liveError(error));
  }

  #note(error: ServeBatchError): void {
    const { figures, onFailure } = this.#options;
    figures.failures++;
    onFailure(error);
    this.#breaker.failed(error, error.code !== 'CHILD_DIED');
  }
}

/** What is wrong with the run or its process is for the log of the server: those who ask are told that much. */
function liveError(cause: ServeBatchError): ServeBatchError {
  if (cause.code === 'LIVE_BUSY' || cause.code === 'LIVE_UNAVAILABLE') return cause;
  const what =
    cause.code === 'INPUT_CHANGED'
      ? 'Its input or a table of it has changed since the run: run the job again.'
      : 'Try again in a moment.';
  return new ServeBatchError('LIVE_UNAVAILABLE', `The live model of this job cannot be asked. ${what}`, {
    cause,
  });
}

function lateError(seconds: number): ServeBatchError {
  return new ServeBatchError(
    'LIVE_UNAVAILABLE',
    `The live model of this job did not answer within ${seconds} s. Ask again in a moment.`,
  );
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
