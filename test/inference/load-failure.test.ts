import { expect, it } from 'vitest';
import { loadFailure } from '../../src/inference/load-failure.ts';

const AT =
  'Load model from m.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, bool) ';

it.each<[message: string, says: RegExp]>([
  [
    `${AT}Unsupported model IR version: 99, max supported IR version: 13`,
    /^it has the IR version 99, and this ONNX Runtime reads up to 13\. Export the model for an older ONNX/,
  ],
  [
    `${AT}ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 99 is under development and support for this is limited. Current official support for domain ai.onnx is till opset 26.`,
    /^it needs opset 99 of ai\.onnx, and this ONNX Runtime knows up to 26\./,
  ],
  [
    'External data path validation failed for initializer: w. Error: tensorprotoutils.cc:461 ValidateExternalDataPathFromDir External data path does not exist: "models/w.bin"',
    /^its weights should lie in models\/w\.bin, which does not exist\. Put that file beside the model/,
  ],
  [`${AT}Fatal error: com.example:Foo(-1) is not a registered function/op`, /^Fatal error: com\.example:Foo/],
])('%s', (message, says) => {
  expect(loadFailure(new Error(message))).toMatch(says);
  expect(loadFailure(new Error(message))).not.toMatch(/onnxruntime_src|::/);
});
