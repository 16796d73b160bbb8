import { type GetObjectCommandOutput, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

type ResponseMetadata = GetObjectCommandOutput['$metadata'];

/** What of an answer the SDK does not hand on: its `Date`. */
export interface DatedMetadata extends ResponseMetadata {
  readonly serverTimeMs?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A client with the SDK's own chain of credentials, regions and endpoints. It does not repeat requests: that is done
 * above it, alike for all storages.
 */
export function makeS3Client(environment: Environment): S3Client {
  // Otherwise each process says once that later versions of the SDK want a newer Node.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const client = new S3Client(s3Settings(environment));
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      const serverTimeMs = Date.parse(headers?.date ?? '');
      if (result.output !== undefined && !Number.isNaN(serverTimeMs))
        Object.assign(result.output.$metadata, { serverTimeMs });
      return result;
    },
    { step: 'deserialize', priority: 'high', name: 'serverDate' },
  );
  return client;
}

export function s3Settings(environment: Environment): S3ClientConfig {
  const endpoint = environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL;
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION;
  return {
    maxAttempts: 1,
    followRegionRedirects: true,
    ...(region ? { region } : {}),
    ...(endpoint ? customEndpoint(endpoint, region, environment) : {}),
  };
}

/** MinIO, Ceph, R2 and others: most have one host for all buckets, and not all know the newer checksums. */
function customEndpoint(
  endpoint: string,
  region: string | undefined,
  environment: Environment,
): S3ClientConfig {
  return {
    endpoint,
    region: region || 'us-east-1',
    forcePathStyle: environment.AWS_S3_FORCE_PATH_STYLE?.toLowerCase() !== 'false',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
}
