import { describe, expect, it } from 'vitest';
import { serveBatchHere } from '../support/in-process.ts';
import { temporaryFolder } from '../support/project.ts';

describe('a flag that is given without its value', () => {
  it.each([
    [
      ['doctor', '--schedule'],
      'the flag --schedule is given without its value; expected --schedule <file>\n',
    ],
    [['run', '-i'], 'the flag --input is given without its value; expected --input <path>\n'],
  ])('%j: says what to give', async (args, message) => {
    const { code, stderr } = await serveBatchHere(args, { cwd: await temporaryFolder() });
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${message}`);
  });
});
