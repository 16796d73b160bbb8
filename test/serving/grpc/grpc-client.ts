import {
  type ChannelCredentials,
  Client,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { type GrpcServer, PROTO_FILE, startGrpcServer } from '../../../src/serving/grpc/grpc-server.ts';
import type { JobSource } from '../../../src/serving/served-jobs.ts';
import { cleanUpLater } from '../../support/clean-ups.ts';
import { type TestServerOptions, testParts } from '../served-store.ts';

/** An answer, or what went wrong. */
export interface CallResult {
  /** `OK`, `NOT_FOUND` and the like. */
  readonly code: string;
  readonly details: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what they expect
  readonly response: any;
  readonly trailers: Readonly<Record<string, unknown>>;
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

export interface GrpcClient {
  call(method: string, request?: object, options?: CallOptions): Promise<CallResult>;
  close(): void;
}

/** A client of grpc-js in this process, closed after the tests of the file. */
export async function grpcClient(
  address: string,
  channel: ChannelCredentials = credentials.createInsecure(),
): Promise<GrpcClient> {
  const { inference } = loadPackageDefinition(await load(PROTO_FILE, { keepCase: true, longs: String })) as {
    readonly inference: GrpcObject;
  };
  const { service } = inference.GRPCInferenceService as ServiceClientConstructor;
  const client = new Client(address, channel);
  cleanUpLater(() => client.close());
  return {
    close: () => client.close(),
    call: (method, request = {}, { metadata = {}, deadlineMs } = {}) => {
      const definition = service[method];
      if (definition === undefined) throw new Error(`no method ${method}`);
      const sent = new Metadata();
      for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
      return new Promise((resolve) => {
        client.makeUnaryRequest(
          definition.path,
          definition.requestSerialize,
          definition.responseDeserialize,
          request,
          sent,
          deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
          (error: ServiceError | null, response: unknown) =>
            resolve({
              code: status[error?.code ?? status.OK],
              details: error?.details ?? '',
              response: response ?? null,
              trailers: error?.metadata.getMap() ?? {},
            }),
        );
      });
    },
  };
}

export interface TestGrpc extends GrpcClient {
  readonly address: string;
  readonly server: GrpcServer;
}

/** A server of gRPC in the process of the tests, on a free port, and a client of it. */
export async function startTestGrpc(
  sources: readonly JobSource[],
  options: TestServerOptions = {},
): Promise<TestGrpc> {
  const server = await startGrpcServer(await testParts(sources, options), { host: '127.0.0.1', port: 0 });
  cleanUpLater(() => server.destroy());
  const address = `127.0.0.1:${server.port}`;
  return { address, server, ...(await grpcClient(address)) };
}
