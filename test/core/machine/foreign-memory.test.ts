import { describe, expect, it } from 'vitest';
import { ForeignMemory } from '../../../src/core/machine/foreign-memory.ts';

describe('memory behind objects of other packages', () => {
  it('is collected once there is much of it, and then counted anew', () => {
    let collected = 0;
    const memory = new ForeignMemory(() => collected++, 100);
    memory.note(60);
    memory.collectIfMuch();
    expect(collected).toBe(0);
    memory.note(60);
    memory.collectIfMuch();
    memory.collectIfMuch();
    expect(collected).toBe(1);
  });
});
