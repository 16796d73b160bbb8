// A process of its own: reads whole series of all jobs over and over, and checks that each answer is of one run,
// and that all of a run's answers are of one week. A run of an incremental job has series of both: those of each
// series are of one week.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const { kind, dist, url, jobs, output, series, seed } = JSON.parse(process.argv[2]);
const { createLookup } = await import(pathToFileURL(join(dist, 'index.js')).href);

const weekOf = new Map();
const violations = [];
let reads = 0;
let isOver = false;
let at = seed;

process.on('message', () => {
  isOver = true;
});
// A campaign that was ended from outside.
process.on('disconnect', () => process.exit(1));

const lookups = jobs.map((job) => ({ job, lookup: createLookup({ job, url, refreshMs: 10 }) }));
while (!isOver) {
  for (const { job, lookup } of lookups) {
    at = (at * 48271) % 2147483647;
    await check(job, lookup, series[at % series.length]);
    if (reads % 20 === 0) await checkFolder(job);
  }
  await sleep(10);
}
for (const { lookup } of lookups) await lookup.close();
process.send({ reads, violations }, () => process.exit(0));

async function check(job, lookup, { store, product, weeks }) {
  try {
    const found = await lookup.series({ store, product });
    reads++;
    if (found === undefined) return note(`${job} ${store}:${product} is missing`);
    const text = JSON.stringify([...found.values]);
    const week = Object.keys(weeks).find((name) => weeks[name] === text);
    if (week === undefined) return note(`${job} ${store}:${product} of ${found.run} is a mixture: ${text}`);
    const whole = kind === 'whole' ? found.run : `${found.run} ${store}:${product}`;
    const known = weekOf.get(whole) ?? week;
    weekOf.set(whole, known);
    if (known !== week) note(`${job} ${store}:${product} of ${found.run} is of ${week}, others of ${known}`);
  } catch (error) {
    // Before its first run a job has nothing.
    if (error.code !== 'NOT_FOUND') note(`${job}: ${error.code} ${error.message}`);
  }
}

/** What `current` names is complete. */
async function checkFolder(job) {
  const runId = await readFile(join(output, job, 'current'), 'utf8').catch(() => null);
  if (runId === null) return;
  const folder = join(output, job, 'runs', runId.trim());
  try {
    const record = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8'));
    if (record.rowsOut !== (kind === 'whole' ? 7000 : 3500))
      note(`${job}: current names a run of ${record.rowsOut} rows`);
    await readFile(join(folder, '_SUCCESS'));
  } catch (error) {
    // Pruned meanwhile, after another was published.
    if ((await readFile(join(output, job, 'current'), 'utf8')) === runId) note(`${job}: ${error.message}`);
  }
}

function note(text) {
  if (violations.length < 20) violations.push(text);
}
