import { expect, it } from 'vitest';
import { threadCopiers } from '../../../../src/source/csv/direct/copiers.ts';

it('a thread that has ended refuses what it is given afterwards, and leaves nobody waiting', async () => {
  // Here, beside the sources, the program of the threads does not exist: they end before they copy anything.
  const copiers = threadCopiers({ columns: [], files: [], decimalSeparator: '.' }, 1);
  const task = { segments: [], rows: 0, place: 0 };
  await expect(copiers.copy(task)).rejects.toThrow();
  await copiers.close();
  await expect(copiers.copy(task)).rejects.toThrow();
});
