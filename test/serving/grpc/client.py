"""Asks a server of the Open Inference Protocol as any client in Python would: stubs made from the proto file by
grpc_tools, calls by grpcio (gRPC's core in C). Prints what it was answered as JSON.

Arguments: the folder of the stubs, the address, a bearer token, and optionally the file of a certificate authority.
"""
import json
import struct
import sys

sys.path.insert(0, sys.argv[1])
import grpc  # noqa: E402
import open_inference_pb2 as pb  # noqa: E402
import open_inference_pb2_grpc as rpc  # noqa: E402

address, token = sys.argv[2:4]
if len(sys.argv) > 4:
    with open(sys.argv[4], "rb") as file:
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(file.read()))
else:
    channel = grpc.insecure_channel(address)
stub = rpc.GRPCInferenceServiceStub(channel)
metadata = (("authorization", "Bearer " + token),)
DAY = "2026-11-21"


def call(method, request, **options):
    try:
        return method(request, timeout=30, **{"metadata": metadata, **options}), "OK"
    except grpc.RpcError as error:
        return None, error.code().name


def tensor(name, datatype, shape, contents=None):
    return pb.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape, contents=contents)


def typed(products):
    rows = len(products)
    return pb.ModelInferRequest(
        model_name="sales",
        id="typed",
        inputs=[
            tensor("store", "INT32", [rows], pb.InferTensorContents(int_contents=[1] * rows)),
            tensor("product", "INT64", [rows, 1], pb.InferTensorContents(int64_contents=products)),
            tensor("date", "BYTES", [rows], pb.InferTensorContents(bytes_contents=[DAY.encode()] * rows)),
        ],
    )


def raw(products):
    rows = len(products)
    day = DAY.encode()
    return pb.ModelInferRequest(
        model_name="sales",
        model_version="g1",
        inputs=[
            tensor("store", "INT32", [rows]),
            tensor("product", "INT64", [rows]),
            tensor("date", "BYTES", [rows]),
        ],
        raw_input_contents=[
            struct.pack("<%di" % rows, *[1] * rows),
            struct.pack("<%dq" % rows, *products),
            (struct.pack("<I", len(day)) + day) * rows,
        ],
    )


metadata_answer, _ = call(stub.ModelMetadata, pb.ModelMetadataRequest(name="sales"))
typed_answer, _ = call(stub.ModelInfer, typed([2, 1]))
raw_answer, _ = call(stub.ModelInfer, raw([1, 2]))
(raw_content,) = raw_answer.raw_output_contents
print(json.dumps({
    "live": call(stub.ServerLive, pb.ServerLiveRequest())[0].live,
    "ready": call(stub.ServerReady, pb.ServerReadyRequest())[0].ready,
    "modelReady": call(stub.ModelReady, pb.ModelReadyRequest(name="sales"))[0].ready,
    "server": call(stub.ServerMetadata, pb.ServerMetadataRequest())[0].name,
    "inputs": [[each.name, each.datatype, list(each.shape)] for each in metadata_answer.inputs],
    "outputs": [[each.name, each.datatype, list(each.shape)] for each in metadata_answer.outputs],
    "typed": {
        "id": typed_answer.id,
        "version": typed_answer.model_version,
        "run": typed_answer.parameters["run"].string_param,
        "stale": typed_answer.parameters["stale"].bool_param,
        "values": list(typed_answer.outputs[0].contents.fp32_contents),
    },
    "raw": list(struct.unpack("<2f", raw_content)),
    "errors": {
        "missing": call(stub.ModelInfer, typed([9]))[1],
        "model": call(stub.ModelInfer, pb.ModelInferRequest(model_name="nothing"))[1],
        "input": call(stub.ModelInfer, pb.ModelInferRequest(model_name="sales"))[1],
        "token": call(stub.ModelInfer, typed([1]), metadata=())[1],
        "size": call(stub.ModelInfer, typed(list(range(400000))))[1],
    },
}))
