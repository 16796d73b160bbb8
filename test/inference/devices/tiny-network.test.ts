import { expect, it } from 'vitest';
import { TINY_NETWORK, tinyNetwork } from '../../../src/inference/devices/tiny-network.ts';
import { networkGraph } from '../../support/networks.ts';
import { onnxFile } from '../../support/onnx.ts';

it('the built-in network is the one of these layers', () => {
  expect(Buffer.from(tinyNetwork())).toEqual(
    Buffer.from(onnxFile(networkGraph([TINY_NETWORK.inputs, 8, 1]))),
  );
});
