"""Asks the live model of a job as KServe's documentation has it, from Python. Prints what it was answered as JSON.

Arguments: the folder of the stubs, and the address.
"""
import json
import sys

sys.path.insert(0, sys.argv[1])
import grpc  # noqa: E402
import open_inference_pb2 as pb  # noqa: E402
import open_inference_pb2_grpc as rpc  # noqa: E402

stub = rpc.GRPCInferenceServiceStub(grpc.insecure_channel(sys.argv[2]))
FLOWERS = [6.8, 2.8, 4.8, 1.4, 6.0, 3.4, 4.5, 1.6]


def tensor(name, datatype, shape, **contents):
    contents = pb.InferTensorContents(**contents)
    return pb.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape, contents=contents)


def infer(model, *inputs):
    return stub.ModelInfer(pb.ModelInferRequest(model_name=model, inputs=inputs), timeout=30)


def values(answer):
    return list(answer.outputs[0].contents.fp32_contents)


metadata = stub.ModelMetadata(pb.ModelMetadataRequest(name="iris.live"), timeout=30)
documented = infer("iris.live", tensor("input-0", "FP32", [2, 4], fp32_contents=FLOWERS))
columns = [
    tensor(each.name, each.datatype, [2], fp64_contents=FLOWERS[index::4])
    for index, each in enumerate(metadata.inputs)
]
flowers = tensor("flower", "INT64", [2], int64_contents=[1, 2])
changed = infer("iris.live", flowers, tensor("sepal_width", "FP64", [2], fp64_contents=[2.8, 9.5]))
print(json.dumps({
    "inputs": [[each.name, each.datatype] for each in metadata.inputs],
    "model": documented.model_name,
    "isOneGeneration": documented.model_version == metadata.versions[0],
    "matrix": values(documented),
    "columns": values(infer("iris.live", *columns)),
    "keys": values(infer("iris.live", flowers)),
    "stored": values(infer("iris", flowers)),
    "changed": [each == old for each, old in zip(values(changed), values(documented))],
}))
