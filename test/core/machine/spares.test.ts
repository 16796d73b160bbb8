import { describe, expect, it } from 'vitest';
import { Spares } from '../../../src/core/machine/spares.ts';

describe('spare buffers', () => {
  it('are made where there is none, and used again once they were given back', () => {
    const spares = new Spares(() => ({}), 2);
    const first = spares.take();
    expect(spares.take()).not.toBe(first);
    spares.giveBack(first);
    expect(spares.take()).toBe(first);
  });

  it('are kept up to a number', () => {
    const spares = new Spares(() => ({}), 1);
    const [kept, dropped] = [spares.take(), spares.take()];
    spares.giveBack(kept);
    spares.giveBack(dropped);
    expect(spares.take()).toBe(kept);
    expect(spares.take()).not.toBe(dropped);
  });
});
