import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { acquireLock } from '../../../src/runs/lock/lock.ts';
import type { PageParts } from '../../../src/serving/http/routes/page-routes.ts';
import { samplePlan } from '../../runs/sample-run.ts';
import { type Browser, ensureChromium, type LoadedPage, startBrowser } from '../../support/browser.ts';
import { temporaryFolder } from '../../support/project.ts';
import { publish, sourceOf, startTestServer, weekOf } from '../served-store.ts';
import { writeRun } from './sample-job.ts';

/** A machine without chromium installs it first. */
const INSTALLING_MS = 600_000;
const RUN = '20261121T000000Z-k3x9';
const PAGE: PageParts = { clock: systemClock, makeReport: async () => '', mask: (text) => text, everyMs: 20 };

/** Asks the page until it says so; while it loads itself again, it says nothing. */
async function until(page: LoadedPage, expression: string): Promise<void> {
  while ((await page.evaluate(expression).catch(() => false)) !== true)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('the page in a browser', () => {
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    await ensureChromium();
    browser = await startBrowser();
    url = `lmdb:${await temporaryFolder()}`;
    const store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', weekOf('1.5'), { createdAt: '2026-11-14T00:00:00.000Z' });
    await publish(store, 'g2', weekOf('2.5'), { values: ['<b>'.repeat(30)] });
    await store.close();
  }, INSTALLING_MS);
  afterAll(() => browser?.close());

  it('shows each page without an error, wide and narrow, light and dark, and never scrolls sideways', async () => {
    const folderOfJob = join(await temporaryFolder(), 'sales');
    for (let day = 10; day < 28; day++)
      await writeRun(folderOfJob, `202611${day}T000000Z-k3x9`, { createdAt: `2026-11-${day}T00:00:00.000Z` });
    const source = { ...sourceOf(url), folderOfJob, description: 'a'.repeat(300) };
    const server = await startTestServer([source], { page: PAGE });
    const paths = [
      '/',
      '/jobs/sales',
      `/jobs/sales/runs/${RUN}`,
      '/jobs/sales/lookup?key.store=1&key.product=1',
    ];
    for (const [index, path] of paths.entries())
      for (const width of [400, 1280]) {
        const view = { width, isDark: (index + width) % 2 === 0 };
        const page = await browser.load(`${server.url}${path}`, view);
        expect({ path, width, problems: page.problems }).toEqual({ path, width, problems: [] });
        expect(page.requests.filter((each) => !each.startsWith('data:'))).toEqual([`${server.url}${path}`]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        expect(await page.evaluate("document.querySelector('a,button,input').className")).toBe('skip');
        expect(
          await page.evaluate("[...document.querySelectorAll('[tabindex]')].every(e => e.tabIndex <= 0)"),
        ).toBe(true);
        // The style and its policy agree: else nothing has a colour.
        expect(await page.evaluate('getComputedStyle(document.body).marginTop')).toBe('0px');
      }
  });

  it('follows a run at work until it has ended, as its policy allows', async () => {
    const folderOfJob = join(await temporaryFolder(), 'sales');
    const paths = runPaths(folderOfJob, RUN);
    await mkdir(join(paths.folder, 'shards'), { recursive: true });
    await writeFile(paths.plan, JSON.stringify(samplePlan({ runId: RUN })));
    const lock = await acquireLock(folderOfJob, { clock: systemClock });
    await lock.setRun(RUN);
    const server = await startTestServer([{ ...sourceOf(url), folderOfJob }], { page: PAGE });
    const page = await browser.load(`${server.url}/jobs/sales/runs/${RUN}`, { width: 400, isDark: false });
    await writeFile(paths.shardRecord(0), '{}');
    await appendFile(
      paths.log,
      `${JSON.stringify({ level: 40, time: '2026-11-21T00:00:01Z', msg: '<i>x</i>' })}\n`,
    );
    await until(page, "document.querySelector('#live [data-text]').textContent.startsWith('1 of 2 shards')");
    await until(page, "document.querySelector('#log .warn')?.textContent.endsWith('<i>x</i>')");
    expect(page.problems).toEqual([]);
    await lock.release();
    await until(
      page,
      "document.querySelector('h1').textContent.includes('interrupted') && !document.querySelector('#live')",
    );
  });

  it('lets somebody sign in', async () => {
    const server = await startTestServer([sourceOf(url)], { page: PAGE, tokens: ['a-long-enough-token'] });
    const page = await browser.load(`${server.url}/jobs/sales`, { width: 400, isDark: true });
    await page.evaluate(
      "document.querySelector('#token').value = 'a-long-enough-token'; document.querySelector('main form').submit()",
    );
    await until(
      page,
      "location.pathname === '/jobs/sales' && document.body.textContent.includes('Sign out')",
    );
    expect(await page.evaluate('document.cookie'), 'no script reads it').toBe('');
  });
});
