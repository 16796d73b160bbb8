import { expect, it } from 'vitest';
import { writeResponse } from '../../../src/serving/grpc/write-response.ts';

it('a parameter that is no whole number, such as the share of a canary, keeps its fraction', () => {
  const parameters = { canary_share: 0.05, age_seconds: 7, stale: false, canary: 'g2' };
  const { parameters: written } = writeResponse(
    { model: 'sales', version: 'g1', id: undefined, parameters, tensors: [] },
    false,
  );
  expect(written).toEqual({
    canary_share: { parameter_choice: 'double_param', double_param: 0.05 },
    age_seconds: { parameter_choice: 'int64_param', int64_param: 7 },
    stale: { parameter_choice: 'bool_param', bool_param: false },
    canary: { parameter_choice: 'string_param', string_param: 'g2' },
  });
});
