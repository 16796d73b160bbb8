import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REPOSITORY } from '../../test/support/cli.ts';
import { type Bench, JOBS_OF, valuesOfWeek, WEEKS } from './bench.ts';

export interface ReaderReport {
  readonly reads: number;
  readonly violations: readonly string[];
}

export interface Reader {
  /** Ends it. */
  report(): Promise<ReaderReport>;
}

/** A process that reads a bench's store and folder the whole time, and checks every answer. */
export function startReader(bench: Bench, seed: number): Reader {
  const { kind, url, project } = bench;
  const request = {
    ...{ kind, url, seed, jobs: JOBS_OF[kind], dist: join(REPOSITORY, 'dist'), output: project.path('out') },
    series: seriesOf(bench),
  };
  const script = fileURLToPath(new URL('./reader.mjs', import.meta.url));
  const child: ChildProcess = fork(script, [JSON.stringify(request)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    async report() {
      const answer = once(child, 'message');
      const ended = once(child, 'exit').then(([code]) => {
        throw new Error(`the reader ended with ${code}`);
      });
      ended.catch(() => {});
      child.send('end');
      const [found] = await Promise.race([answer, ended]);
      return found as ReaderReport;
    },
  };
}

/** Some keys, with the text of their whole series in each week. */
function seriesOf(bench: Bench) {
  const values = new Map(WEEKS.map((week) => [week, valuesOfWeek(bench, week)]));
  const texts = new Map<
    string,
    { store: string; product: string; weeks: Record<string, [string, unknown][]> }
  >();
  for (const [index, { store, product, date }] of bench.keys.entries()) {
    const name = `${store}:${product}`;
    const each = texts.get(name) ?? { store, product, weeks: {} };
    texts.set(name, each);
    for (const week of WEEKS) {
      each.weeks[week] ??= [];
      each.weeks[week].push([date, values.get(week)?.[index]]);
    }
  }
  const sorted = (pairs: [string, unknown][]): string =>
    JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return [...texts.values()].slice(0, 100).map(({ store, product, weeks }) => ({
    ...{ store, product },
    weeks: Object.fromEntries(Object.entries(weeks).map(([week, pairs]) => [week, sorted(pairs)])),
  }));
}
