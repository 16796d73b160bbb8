import { expect, it } from 'vitest';
import { runtimeReason } from '../../src/inference/runtime-reason.ts';

it.each<[message: string, reason: string]>([
  [
    "Non-zero status code returned while running MatMul node. Name:'' Status Message: matmul_helper.h:59 Compute MatMul dimension mismatch",
    'MatMul: MatMul dimension mismatch',
  ],
  [
    "Non-zero status code returned while running Gemm node. Name:'dense' Status Message: GEMM: Dimension mismatch, W: {3,1} K: 2 N:1",
    'Gemm "dense": GEMM: Dimension mismatch, W: {3,1} K: 2 N:1',
  ],
  [
    "Non-zero status code returned while running Reshape node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:45 onnxruntime::ReshapeHelper::ReshapeHelper(const onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) input_shape_size == size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{2,3}, requested shape:{1,3}\n",
    'Reshape: The input tensor cannot be reshaped to the requested shape. Input shape:{2,3}, requested shape:{1,3}',
  ],
  [
    'Load model from m.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:181 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::IOnnxRuntimeOpSchemaRegistryList*, const onnxruntime::logging::Logger&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n',
    'Unsupported model IR version: 99, max supported IR version: 13',
  ],
])('%s', (message, reason) => {
  expect(runtimeReason(new Error(message))).toBe(reason);
});
