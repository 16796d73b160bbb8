import { createHash } from 'node:crypto';
import { open, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BoundJob } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { makeFolder, temporaryName } from '../../core/files/durable-file.ts';

/** The job with `-` among its inputs replaced by a file of what came on standard input: CSV. */
export async function spoolStandardInput(
  spec: BoundJob,
  folder: string,
  options: { readonly stdin?: NodeJS.ReadableStream; readonly signal: AbortSignal },
): Promise<BoundJob> {
  if (!spec.input.paths.includes('-')) return spec;
  if (spec.input.paths.length > 1)
    throw new ServeBatchError('USAGE', '--input - (standard input) cannot be combined with other inputs.');
  if (options.stdin === undefined)
    throw new ServeBatchError('USAGE', 'This process has no standard input; name a file.');
  const path = await spoolInput(options.stdin, folder, options.signal);
  return { ...spec, input: { ...spec.input, format: 'csv', paths: [path] } };
}

/**
 * Saves a stream (standard input) as a CSV file named after its content, so that the same input is
 * recognised when an interrupted run is continued. Returns the file's path.
 */
async function spoolInput(
  stream: NodeJS.ReadableStream,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  await makeFolder(folder);
  const temporary = temporaryName(join(folder, 'stdin.csv'));
  const hash = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  // Opened before anything can fail: a file that appears later would stay.
  const file = await open(temporary, 'wx');
  try {
    await pipeline(stream, meter, file.createWriteStream(), { signal });
    if (bytes === 0)
      throw new ServeBatchError(
        'INPUT_EMPTY',
        'Standard input is empty (0 bytes); --input - expects CSV on it.',
      );
    const path = join(folder, `stdin-${hash.digest('hex').slice(0, 32)}.csv`);
    await rename(temporary, path);
    // The fingerprint has the time of change in it; for a stream only the content counts.
    await utimes(path, 0, 0);
    return path;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
