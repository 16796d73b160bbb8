import type { Redis } from 'ioredis';
import { rehearseWith } from '../redis-rehearsal.ts';
import { LOAD_HERE, REPLACE_PACKED, SCAN_HERE, UNLINK_HERE } from './cluster-scripts.ts';

/**
 * Uses every command that loading, counting, publishing and dropping will use on one master, on keys below `ping`,
 * which lie on it. Throws its first refusal.
 */
export async function rehearseOnMaster(redis: Redis, ping: string): Promise<void> {
  await rehearseWith(redis, ping, (own) => {
    const text = own.series('rehearsal', 'another');
    return [
      ['wait', 0, 1],
      ['asking'],
      ['type', text],
      ['eval', REPLACE_PACKED, 1, text, 'rehearsal', 1, 1, own.fence, '', '1', '5'],
      ['eval', LOAD_HERE, 1, own.fence, 'rehearsal', 1, 3, 'EXPIRE', text, '5'],
      ['eval', SCAN_HERE, 0, '0', own.seriesPattern('rehearsal'), 10, 'packed'],
      ['eval', UNLINK_HERE, 1, own.fence, 'rehearsal', 1, text],
    ];
  });
}
