import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { bindJob } from '../../../src/config/bind-job.ts';
import { adHocJob } from '../../../src/config/override-job.ts';
import { spoolStandardInput } from '../../../src/jobs/plan/spool-input.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { fingerprintInput } from '../../../src/source/files/fingerprint.ts';
import { temporaryFolder } from '../../support/project.ts';

const { signal } = new AbortController();
const job = (...inputs: string[]) =>
  bindJob(adHocJob({ model: 'm.onnx', inputs }), { occurrence: null, now: new Date(0) });

let folder: string;

beforeEach(async () => {
  folder = join(await temporaryFolder(), 'spool');
});

function spool(content: string, inputs: readonly string[] = ['-']) {
  return spoolStandardInput(job(...inputs), folder, { stdin: Readable.from([Buffer.from(content)]), signal });
}

describe('standard input', () => {
  it('becomes a CSV file of the job', async () => {
    const { input } = await spool('a,b\n1,2\n');
    const [path = ''] = input.paths;
    expect(input.format).toBe('csv');
    expect(dirname(path)).toBe(folder);
    expect(await readFile(path, 'utf8')).toBe('a,b\n1,2\n');
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('has the same fingerprint whenever it has the same content', async () => {
    const fingerprint = async (content: string) => {
      const { input } = await spool(content);
      return (await fingerprintInput(await findFiles(input.paths))).fingerprint;
    };
    const first = await fingerprint('a\n1\n');
    expect(await fingerprint('a\n1\n')).toBe(first);
    expect(await fingerprint('a\n2\n')).not.toBe(first);
  });

  it.each<[what: string, act: () => Promise<unknown>, says: string]>([
    ['without a byte', () => spool(''), 'Standard input is empty (0 bytes)'],
    ['beside other inputs', () => spool('a\n1\n', ['-', 'b.csv']), 'cannot be combined with other inputs'],
    [
      'where there is none',
      () => spoolStandardInput(job('-'), folder, { signal }),
      'This process has no standard input',
    ],
  ])('%s is an error, and leaves nothing behind', async (_, act, says) => {
    await expect(act()).rejects.toThrow(says);
    expect(await readdir(folder).catch(() => [])).toEqual([]);
  });

  it('that breaks off leaves nothing behind', async () => {
    const stdin = Readable.from(
      (async function* () {
        yield Buffer.from('a,b\n1,');
        throw new Error('the pipe broke');
      })(),
    );
    await expect(spoolStandardInput(job('-'), folder, { stdin, signal })).rejects.toThrow('the pipe broke');
    expect(await readdir(folder)).toEqual([]);
  });
});

it('leaves a job without it alone', async () => {
  const spec = job('a.csv');
  expect(await spoolStandardInput(spec, folder, { signal })).toBe(spec);
});
