import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keysSchema, parseKeys } from '../../../../src/serving/http/routes/asked-keys.ts';

const MOST = 3;
const schema = keysSchema(MOST);

it('the quick look at a body lets through what the schema does, and nothing else', () => {
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.constantFrom(2 ** 53, 2 ** 53 - 1, -(2 ** 53), 1e300, Number.NaN, Number.POSITIVE_INFINITY),
    fc.constantFrom(null, true, [], {}, undefined),
  );
  const poisoned = fc.constant(JSON.parse('{"__proto__": "", "store": 1}'));
  const key = fc.oneof(fc.dictionary(fc.string(), value), poisoned, fc.constantFrom(null, [], 'x', 1));
  const body = fc.oneof(
    fc.record({ keys: fc.array(key, { maxLength: 5 }) }),
    fc.record({ keys: fc.array(fc.dictionary(fc.string(), fc.string()), { maxLength: 4 }) }),
    fc.record({ keys: fc.anything(), others: fc.anything() }, { requiredKeys: [] }),
    fc.anything(),
  );
  fc.assert(
    fc.property(body, (each) => {
      const parsed = schema.safeParse(each);
      if (parsed.success) expect(parseKeys(each, schema, MOST)).toEqual(parsed.data);
      else expect(() => parseKeys(each, schema, MOST)).toThrow();
    }),
    { numRuns: 2_000 },
  );
});
