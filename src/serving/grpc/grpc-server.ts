import { fileURLToPath } from 'node:url';
import {
  type GrpcObject,
  loadPackageDefinition,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { systemClock } from '../../core/effects.ts';
import { openSpan, type TraceContext } from '../../core/tracing.ts';
import type { ServerParts } from '../http/http-server.ts';
import { callError } from './call-error.ts';
import { type About, inferenceMethods, type Method } from './inference-service.ts';

/** The interface that clients are made from. */
export const PROTO_FILE = fileURLToPath(new URL('../../../proto/open-inference.proto', import.meta.url));

const SERVICE = 'inference.GRPCInferenceService';
/** Calls of one connection at a time. */
const MOST_STREAMS = 1_000;

// What it would print is thrown as well.
setLogVerbosity(logVerbosity.NONE);

export interface GrpcServer {
  readonly port: number;
  /** Takes no new connections and calls, and ends once those under way are answered. */
  close(): Promise<void>;
  /** Ends now. */
  destroy(): void;
}

/** Answers the Open Inference Protocol over gRPC, with what {@link ServerParts} hold. Throws where it cannot listen. */
export async function startGrpcServer(
  parts: ServerParts,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<GrpcServer> {
  const { limits } = parts;
  const server = new Server({
    'grpc.max_receive_message_length': limits.bodyBytes,
    'grpc.max_concurrent_streams': MOST_STREAMS,
    'grpc.max_connection_idle_ms': limits.idleMs,
    // A client that is gone without a word.
    'grpc.keepalive_time_ms': limits.idleMs,
    'grpc.keepalive_timeout_ms': limits.headersMs,
  });
  const methods = Object.entries(inferenceMethods(parts));
  server.addService(
    await serviceDefinition(),
    Object.fromEntries(methods.map(([name, method]) => [name, handlerOf(name, method, parts)])),
  );
  const given = await listen(server, `${host.includes(':') ? `[${host}]` : host}:${port}`, parts);
  return {
    port: given,
    close: () =>
      new Promise((resolve, reject) => {
        server.tryShutdown((error) => (error === undefined ? resolve() : reject(error)));
      }),
    destroy: () => server.forceShutdown(),
  };
}

async function serviceDefinition() {
  const definition = await load(PROTO_FILE, {
    keepCase: true,
    longs: String,
    defaults: true,
    oneofs: true,
  });
  const { inference } = loadPackageDefinition(definition) as { readonly inference: GrpcObject };
  return (inference.GRPCInferenceService as ServiceClientConstructor).service;
}

function listen(server: Server, address: string, { tls }: ServerParts): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentialsOf(tls), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function credentialsOf(tls: ServerParts['tls']): ServerCredentials {
  if (tls === null) return ServerCredentials.createInsecure();
  const bytesOf = (pem: unknown): Buffer => Buffer.from(String(pem));
  return ServerCredentials.createSsl(
    tls.ca === undefined ? null : bytesOf(tls.ca),
    [{ private_key: bytesOf(tls.key), cert_chain: bytesOf(tls.cert) }],
    tls.requestCert === true,
  );
}

type UnaryCall = ServerUnaryCall<unknown, object>;

function handlerOf(name: string, method: Method, parts: ServerParts) {
  return (call: UnaryCall, callback: sendUnaryData<object>): void => {
    void answerInSpan(name, method, call, parts).then(
      (response) => callback(null, response),
      (error) => callback(error),
    );
  };
}

/** A part of what the metadata of the call say. Throws the status that the client gets. */
async function answerInSpan(
  name: string,
  method: Method,
  call: UnaryCall,
  parts: ServerParts,
): Promise<object> {
  const span = openSpan({
    name: `${SERVICE}/${name}`,
    kind: 'server',
    parent: call.metadata.getMap() as TraceContext,
    attributes: { 'rpc.system': 'grpc', 'rpc.service': SERVICE, 'rpc.method': name },
  });
  if (span === null) return answer(name, method, call, parts);
  let code = status.OK;
  try {
    return await span.within(() => answer(name, method, call, parts));
  } catch (error) {
    code = (error as ReturnType<typeof callError>).code;
    throw error;
  } finally {
    span.set({ 'rpc.grpc.status_code': code });
    span.end(FAULTS.has(code) ? status[code] : null);
  }
}

/** Of the server, rather than of what it was asked. */
const FAULTS: ReadonlySet<status> = new Set([status.INTERNAL, status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);

/** Throws the status that the client gets. */
async function answer(name: string, method: Method, call: UnaryCall, parts: ServerParts): Promise<object> {
  const startMs = systemClock.monotonicMs();
  let about: About = { job: '' };
  let code = status.OK;
  try {
    if (!method.isOpen) assertLetIn(call, parts);
    const { request, metadata } = call;
    return await method.answer({
      ...{ request, metadata },
      note: (noted) => {
        about = noted;
      },
    });
  } catch (error) {
    const told = callError(error);
    if (told.code === status.INTERNAL)
      parts.log.error(`${name} failed unexpectedly`, {
        error: error instanceof Error ? error.stack : String(error),
      });
    code = told.code;
    throw told;
  } finally {
    const seconds = (systemClock.monotonicMs() - startMs) / 1000;
    // The client was told so already: it went away, or its deadline passed.
    if (call.cancelled) code = status.CANCELLED;
    const { job, source = '' } = about;
    parts.metrics.observeCall({ method: name, job, source, code: status[code], seconds });
  }
}

function assertLetIn({ metadata }: UnaryCall, { tokens }: ServerParts): void {
  const [authorization] = metadata.get('authorization');
  if (!tokens.allows(authorization?.toString())) throw new Unauthorised();
}

class Unauthorised extends Error {
  /** As HTTP has it: the words are the same. */
  readonly statusCode = 401;
}
