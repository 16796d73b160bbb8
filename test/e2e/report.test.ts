import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, ensureChromium, startBrowser } from '../support/browser.ts';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject, type Project, withoutGates } from '../support/project.ts';

/** A machine without chromium installs it first. */
const INSTALL_TIMEOUT_MS = 600_000;

let project: Project;
let browser: Browser;
let first: string;
let second: string;

beforeAll(async () => {
  await ensureChromium();
  browser = await startBrowser();
  project = await makeProject();
  const csv = await readFile(join(REPOSITORY, 'fixtures/sales.csv'), 'utf8');
  const lines = csv.trimEnd().split('\n');
  for (let row = 40; row < 400; row += 20)
    lines[row] = (lines[row] ?? '').split(',').with(3, `<script>alert(${row})</script>`).join(',');
  await project.write('dirty <b>&.csv', `${lines.join('\n')}\n`);
  first = (await project.run(['--shard-rows', '1000'])).runId;
  second = (await project.run(['--input', 'dirty <b>&.csv', '--on-invalid', 'reject', '--shard-rows', '500']))
    .runId;
}, INSTALL_TIMEOUT_MS);

afterAll(() => browser?.close());

async function reportOf(wanted: string, ...flags: readonly string[]): Promise<string> {
  const { code, stderr } = await project.serveBatch(['report', wanted, '-o', 'page.html', ...flags]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return readFile(project.path('page.html'), 'utf8');
}

/** The product 99999 is in no table of features. */
const GRID = 'store: [1, 2]\n    product: [1, 2, 99999]\n    days: 7';

const VIEWS = [
  { width: 1240, isDark: false },
  { width: 1240, isDark: true },
  { width: 400, isDark: false },
];

describe('serve-batch report', () => {
  it('makes one page that a browser shows without an error, and without asking for anything else', async () => {
    const page = await reportOf('sales');
    expect(page).toContain(`Run <code>${second}</code>`);
    expect(Buffer.byteLength(page)).toBeLessThan(300_000);
    const url = pathToFileURL(project.path('page.html')).href;
    const backgrounds = new Set<unknown>();
    for (const view of VIEWS) {
      const loaded = await browser.load(url, view);
      expect(loaded.problems).toEqual([]);
      expect(loaded.requests).toEqual([url]);
      expect(await loaded.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(await loaded.evaluate('document.scripts.length')).toBe(0);
      expect(await loaded.evaluate("document.querySelectorAll('svg').length")).toBeGreaterThanOrEqual(7);
      expect(await loaded.evaluate("document.body.innerText.includes('<script>alert(40)</script>')")).toBe(
        true,
      );
      backgrounds.add(await loaded.evaluate('getComputedStyle(document.body).backgroundColor'));
    }
    expect(backgrounds.size).toBe(2);
  });

  it.each([1240, 400])('draws within its pictures, %s wide', async (width) => {
    await reportOf('sales');
    const url = pathToFileURL(project.path('page.html')).href;
    const loaded = await browser.load(url, { width, isDark: false });
    const outside = await loaded.evaluate(`[...document.querySelectorAll('svg')].flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      return [...svg.querySelectorAll('text, rect')]
        .filter((each) => {
          const box = each.getBoundingClientRect();
          return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
        })
        .map((each) => svg.querySelector('title').textContent + ': ' + (each.textContent || each.outerHTML));
    })`);
    expect(outside).toEqual([]);
  });

  it('compares with the run before, and says where there is none', async () => {
    expect(await reportOf(second)).toContain(`Beside those of run <code>${first}</code>`);
    expect(await reportOf(first)).toContain(
      'No run of sales was committed before this one, so this page compares with nothing.',
    );
  });

  it('counts what is missing by key, and the rejects by reason', async () => {
    const page = await reportOf('sales');
    expect(page).toContain('<h2>Missing by store</h2>');
    expect(page).toContain('18 rows (0.26% of the rows) could not be scored, for 1 reason.');
    expect(page).toContain('dirty &lt;b&gt;&amp;.csv');
  });

  it('shows the coverage of a grid, and the keys that are missing', async () => {
    const weekly = await readFile(join(REPOSITORY, 'jobs/weekly-forecast.yaml'), 'utf8');
    const small = withoutGates(weekly)
      .replace('name: weekly-forecast', 'name: small')
      .replace('stores: fixtures/stores.csv\n    products: fixtures/products.csv\n    days: 7', GRID);
    expect(small).toContain(GRID);
    await project.write('jobs/small.yaml', small);
    const run = await project.serveBatch(['run', 'small', '--occurrence', '2026-11-21']);
    expect(run.code).toBe(5);
    const [runId = ''] = await project.runs('small');
    const page = await reportOf(runId);
    expect(page).toContain(`for the occurrence 2026-11-21 00:00:00 UTC`);
    expect(page).toContain('28 of 42 expected predictions are there: 66.7%.');
    expect(page).toContain('<title>99999: 100% (14)</title>');
    expect(page).toContain('store=1 product=99999 date=2026-11-21');
  });

  it('tells of a run that failed what there is', async () => {
    const failed = await project.serveBatch(['run', '--input', 'dirty <b>&.csv', '--on-invalid', 'reject:2']);
    expect(failed.code).toBe(5);
    const [newest = ''] = (await project.runs()).reverse();
    const page = await reportOf(newest);
    expect(page).toContain('<strong>REJECTS_OVER_LIMIT</strong>');
    expect(page).toContain(`Run ${newest} is not committed: it has no predictions that count.`);
  });

  it('tells which part is missing, and shows the rest', async () => {
    const { output } = await project.run([
      ...['--input', 'dirty <b>&.csv', '--on-invalid', 'reject', '--shard-rows', '3500', '--force'],
    ]);
    await rm(join(output.path, 'parts/part-00000.parquet'));
    const page = await reportOf('sales');
    expect(page).toMatch(/The part .*part-00000\.parquet is missing/);
    await writeFile(join(output.path, 'parts/part-00000.parquet'), 'PAR1 no');
    expect(await reportOf('sales')).toMatch(/The parts cannot be read: /);
    expect(page).toContain('could not be scored, for 1 reason.');
    expect(page).toContain('<h2>Details</h2>');
  });

  it('names the page after the run, prints it, and refuses what cannot be', async () => {
    const named = await project.serveBatch(['report', first]);
    expect(named.stdout).toMatch(
      new RegExp(`^The report of run ${first} is report-${first}\\.html \\(.* kB\\)`),
    );
    const printed = await project.serveBatch(['report', first, '-o', '-']);
    expect(printed.stdout.replace(/Made .*? by/, '')).toBe(
      (await readFile(project.path(`report-${first}.html`), 'utf8')).replace(/Made .*? by/, ''),
    );
    const unknown = await project.serveBatch(['report', 'nowhere']);
    expect(unknown).toMatchObject({ code: 4, stdout: '' });
    expect(unknown.stderr).toContain('has no run "nowhere"');
    await project.write('jobs/idle.yaml', 'model: m.onnx\n');
    const idle = await project.serveBatch(['report', 'idle']);
    expect(idle.code).toBe(4);
    expect(idle.stderr).toContain('The job idle has no run yet. Make one with: serve-batch run idle');
    const mixed = await project.serveBatch(['report', 'sales', '--output', 'page.html']);
    expect(mixed.code).toBe(2);
    expect(mixed.stderr).toContain('-o page.html');
  });
});

describe('the browser of the tests', () => {
  it('finds what is wrong with a page', async () => {
    await project.write(
      'wrong.html',
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><style>p{color:red}</style><script>alert(1)</script><img src="missing.png">`,
    );
    const url = pathToFileURL(project.path('wrong.html')).href;
    const { problems } = await browser.load(url, { width: 400, isDark: false });
    for (const directive of ['style-src', 'script-src', 'img-src'])
      expect(problems.join('\n')).toContain(directive);
    await project.write('asks.html', '<script>console.error("oh")</script><img src="missing.png">');
    const asks = await browser.load(pathToFileURL(project.path('asks.html')).href, {
      width: 400,
      isDark: false,
    });
    expect(asks.requests).toHaveLength(2);
    expect(asks.problems.join('\n')).toContain('"oh"');
  });
});
