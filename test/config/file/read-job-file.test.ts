import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readJobFile } from '../../../src/config/file/read-job-file.ts';

describe('a job file', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-batch-yaml-'));
    file = join(folder, 'week.yaml');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const read = () => readJobFile(file, folder);

  it.each([
    ['an alias inside what it refers to', 'model: &a [*a]\n', /^week\.yaml:1:12 .*stands inside/],
    ['an alias to nothing', 'input: *.parquet\n', /^week\.yaml:1:8 .*refers to nothing/],
    ['a field twice', 'model: a\nmodel: b\n', /^week\.yaml:2:1 .*a second time/],
    ['a field twice, inside a map', 'kv: {key: a, key: b}\nmodel: m\n', /^week\.yaml:1:14 .*a second time/],
    ['tabs', 'model:\n\tpath: x\n', /^week\.yaml:2:1 .*Tabs/],
    ['lists in lists without end', `model: ${'['.repeat(20_000)}`, /nested too deeply/],
    ['megabytes', `description: ${'x'.repeat(2 ** 20)}\n`, /1048590 bytes; a job file has at most 262144/],
    [
      'anchors that multiply',
      `a: &a [1,1,1,1,1,1,1,1,1]\n${['ab', 'bc', 'cd', 'de', 'ef']
        .map(([from, to]) => `${to}: &${to} [${`*${from},`.repeat(9)}]\n`)
        .join('')}model: *f\n`,
      /alias/i,
    ],
  ])('with %s is refused, with its place and the reason', async (_, text, message) => {
    writeFileSync(file, text);
    await expect(read()).rejects.toMatchObject({ code: 'JOB_FILE', message: expect.stringMatching(message) });
  });

  it('with tens of thousands of fields is read without comparing each with all others', async () => {
    const fields = Array.from({ length: 15_000 }, (_, at) => `  k${at}: 1\n`).join('');
    writeFileSync(file, `params:\n${fields}model: m.onnx\n`);
    expect(Object.keys((await read()).data as object)).toEqual(['params', 'model']);
  });

  it.each([
    ['a named pipe', () => execFileSync('mkfifo', [file]), /is a named pipe, not a file/],
    ['a link that leads back to itself', () => symlinkSync('week.yaml', file), /leads back to itself/],
    ['a dead link', () => symlinkSync('gone.yaml', file), /is a link to gone\.yaml, which does not exist/],
    ['a device', () => symlinkSync('/dev/zero', file), /is a device, not a file/],
    ['a folder', () => symlinkSync(tmpdir(), file), /is a folder, not a file/],
  ])('that is %s is refused at once', async (_, make, message) => {
    make();
    await expect(read()).rejects.toMatchObject({ code: 'JOB_FILE', message: expect.stringMatching(message) });
  });
});
