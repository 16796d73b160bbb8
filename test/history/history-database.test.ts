import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../src/history/history-database.ts';

describe('withDatabase', () => {
  it('ends a query when the signal does, with its reason', async () => {
    const abort = new AbortController();
    const endless = withDatabase(abort.signal, async (database) => {
      setTimeout(() => abort.abort(new Error('enough')), 50);
      await database.run(
        'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3',
      );
    });
    await expect(endless).rejects.toThrow('enough');
  });
});
