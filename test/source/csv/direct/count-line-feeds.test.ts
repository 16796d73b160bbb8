import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countLineFeeds } from '../../../../src/source/csv/direct/count-line-feeds.ts';

it('counts the line feeds of any bytes, from any place to any other', () => {
  const byte = fc.oneof(
    fc.constantFrom(0x0a, 0x8a, 0x0b, 0x00, 0xff, 0x2a),
    fc.integer({ min: 0, max: 255 }),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 3_000 }), fc.nat(9), fc.nat(9), (values, skip, left) => {
      const bytes = Buffer.from(values);
      const [from, to] = [Math.min(skip, bytes.length), Math.max(skip, bytes.length - left)];
      const end = Math.min(to, bytes.length);
      expect(countLineFeeds(bytes, from, end)).toBe(
        values.slice(from, end).filter((value) => value === 0x0a).length,
      );
    }),
  );
  expect(countLineFeeds(Buffer.alloc(70_001, '\n'), 0, 70_001)).toBe(70_001);
});
