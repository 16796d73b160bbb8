import { describe, expect, it } from 'vitest';
import { type Check, failure, finding } from '../../../src/cli/doctor/check.ts';
import { verdictOf } from '../../../src/cli/doctor/verdict.ts';
import { type ErrorCode, ServeBatchError } from '../../../src/core/errors.ts';

function verdict(...checks: readonly Check[]) {
  return verdictOf(checks.map((check) => ({ name: 'group', checks: [check] })));
}

const failed = (code: ErrorCode) => failure(code, new ServeBatchError(code, `message of ${code}`));

describe('verdictOf', () => {
  it('has nothing against warnings', () => {
    expect(verdict(finding('ok', 'a', ''), finding('warn', 'b', ''), finding('info', 'c', ''))).toBeNull();
  });

  it.each<[ErrorCode[], number]>([
    [['OUTPUT_UNWRITABLE', 'STORE_UNAVAILABLE', 'MODEL_NOT_FOUND', 'JOB_FILE'], 2],
    [['OUTPUT_UNWRITABLE', 'STORE_UNAVAILABLE', 'MODEL_NOT_FOUND'], 3],
    [['OUTPUT_UNWRITABLE', 'STORE_REFUSED'], 7],
    [['OUTPUT_UNWRITABLE'], 1],
  ])('of %j the exit code is %d', (codes, exitCode) => {
    expect(verdict(...codes.map(failed))?.exitCode).toBe(exitCode);
  });

  it('names the most important failure, and how many more there are', () => {
    expect(verdict(failed('CHILD_DIED'), failed('JOB_FILE'))?.message).toBe(
      'doctor: JOB_FILE: message of JOB_FILE (and 1 more)',
    );
  });
});
