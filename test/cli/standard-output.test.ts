import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { isReaderGone, writerTo } from '../../src/cli/standard-output.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import { until } from '../support/processes.ts';

/** A stream that fails with the second text. */
function breaksWith(code: string) {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      if (written.length > 0) return done(Object.assign(new Error(`write ${code}`), { code }));
      written.push(text);
      done();
    },
  });
  const failures: ServeBatchError[] = [];
  const out = writerTo(stream, (error) => failures.push(error));
  return { stream, written, failures, out };
}

function thrownBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

it('a reader that has gone ends whoever goes on writing, and is no failure', async () => {
  const { stream, written, failures, out } = breaksWith('EPIPE');
  out('one');
  out('two');
  await until(() => stream.destroyed);
  const error = thrownBy(() => out('three'));
  expect(isReaderGone(error)).toBe(true);
  expect(isReaderGone(new ServeBatchError('USAGE', 'The query cannot be run', { cause: error }))).toBe(true);
  expect(written).toEqual(['one']);
  expect(failures).toEqual([]);
});

it('any other failure is told once', async () => {
  const { failures, out } = breaksWith('ENOSPC');
  out('one');
  out('two');
  await until(() => failures.length > 0);
  thrownBy(() => out('three'));
  expect(failures).toMatchObject([
    { code: 'OUTPUT_UNWRITABLE', message: expect.stringContaining('write ENOSPC') },
  ]);
});

it('other errors are not those of a reader', () => {
  expect(isReaderGone(new Error('no'))).toBe(false);
  expect(isReaderGone(undefined)).toBe(false);
});
