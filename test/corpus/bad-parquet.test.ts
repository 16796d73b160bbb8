import { glob } from 'tinyglobby';
import { beforeAll, expect, it } from 'vitest';
import type { CliResult } from '../support/cli.ts';
import { openDatabase } from '../support/database.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { makeProject, type Project, readPublished } from '../support/project.ts';
import { resolveTable } from '../support/resolve-table.ts';
import { corpusFile, corpusFiles, describeCorpus } from './corpus.ts';

/** A file that hangs the command fails its test instead of holding up all others. */
const MOST_MS = 20_000;

/** Refused by their footers, when the run is planned. */
const BAD_FOOTERS: Readonly<Record<string, RegExp>> = {
  'ARROW-GH-41317.parquet': /Geoparquet column 'geometry' does not have geometry types/,
  'ARROW-GH-41321.parquet': /Geoparquet column 'geometry' does not have geometry types/,
  'PARQUET-1481.parquet': /Invalid data/,
};

interface Bad {
  readonly name: string;
  /** A column of numbers for the model; a file without one gets it by a SELECT. */
  readonly feature: string | null;
}

/** The footer can be read and a page cannot: found while the shard is computed. */
const BAD_PAGES: readonly (Bad & { readonly says: RegExp })[] = [
  { name: 'ARROW-GH-47662.parquet', feature: null, says: /Out of buffer/ },
  { name: 'ARROW-RS-GH-6229-DICTHEADER.parquet', feature: 'nation_key', says: /Invalid data/ },
];

/** Broken for other readers; DuckDB reads the rows that the footer names without complaint. */
const READ_BY_DUCKDB: readonly (Bad & { readonly rows: number })[] = [
  { name: 'ARROW-GH-43605.parquet', feature: 'min_fl', rows: 21_186 },
  { name: 'ARROW-GH-45185.parquet', feature: null, rows: 5 },
  { name: 'ARROW-RS-GH-6229-LEVELS.parquet', feature: null, rows: 1 },
];

describeCorpus('parquet-bad', () => {
  let project: Project;

  beforeAll(async () => {
    project = await makeProject({ fixtures: false, jobs: {} });
    await writeOnnx(project.path('identity.onnx'), identityGraph(1));
    await project.write(
      'by-select.yaml',
      'model: identity.onnx\nfeatures: {select: "SELECT 0.5::FLOAT AS x FROM input"}\n',
    );
  });

  /** Runs the command as a user would; its output goes to a folder named after the file. */
  function run({ name, feature }: Bad): Promise<CliResult> {
    const job = feature === null ? ['by-select.yaml'] : ['--model', 'identity.onnx', '--features', feature];
    const input = ['--input', corpusFile('parquet-bad', name), '--columns', '*', '--output', name];
    return project.serveBatch([
      'run',
      ...job,
      ...input,
      '--on-invalid',
      'reject',
      '--json',
      '--processes',
      '1',
    ]);
  }

  it('has no file of which it is not known what becomes of it', () => {
    const known = [...Object.keys(BAD_FOOTERS), ...BAD_PAGES.map(nameOf), ...READ_BY_DUCKDB.map(nameOf)];
    expect(known.sort()).toEqual(corpusFiles('parquet-bad', '.parquet'));
  });

  it.each(Object.entries(BAD_FOOTERS))('%s is refused when the run is planned', async (name, says) => {
    const resolved = resolveTable(await openDatabase(), corpusFile('parquet-bad', name));
    await expect(resolved).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', exitCode: 3 });
    await expect(resolved).rejects.toThrow(says);
    await expect(resolved).rejects.toThrow(`${name} cannot be read`);
  });

  it(
    'leaves no run behind where the footer cannot be read',
    async () => {
      const result = await run({ name: 'PARQUET-1481.parquet', feature: 'x' });
      expect(result).toMatchObject({ code: 3, signal: null, stdout: '' });
      expect(result.stderr).toContain('PARQUET-1481.parquet cannot be read');
      expect(await runsIn(project.path('PARQUET-1481.parquet'))).toEqual([]);
    },
    MOST_MS,
  );

  it.each(BAD_PAGES)(
    '$name ends the run with the reason, and publishes nothing',
    async (bad) => {
      const result = await run(bad);
      expect(result).toMatchObject({ code: 3, signal: null, stdout: '' });
      expect(result.stderr).toMatch(bad.says);
      expect(result.stderr).toContain(`${bad.name} cannot be read`);
      expect(result.stderr).not.toContain('child process');
      for (const job of ['identity', 'by-select'])
        expect(await readPublished(project.path(bad.name, job))).toBeNull();
    },
    MOST_MS,
  );

  it.each(READ_BY_DUCKDB)(
    '$name is read: all $rows rows are accounted for',
    async (bad) => {
      const result = await run(bad);
      expect(result).toMatchObject({ code: 0, signal: null });
      expect(JSON.parse(result.stdout)).toMatchObject({ rowsIn: bad.rows, rowsOut: bad.rows, rejects: 0 });
    },
    MOST_MS,
  );
});

function nameOf({ name }: Bad): string {
  return name;
}

/** Runs of all jobs below an output folder. */
function runsIn(output: string): Promise<string[]> {
  return glob('*/runs/*', { cwd: output, onlyFiles: false, dot: true });
}
