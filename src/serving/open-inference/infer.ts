import { ServeBatchError } from '../../core/errors.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import type { ServedJob } from '../served-job.ts';
import type { InferRequest } from './infer-request.ts';
import { inputsOf, outputsOf, type TensorMetadata } from './model-tensors.ts';
import { type OutputTensor, outputTensors, tensorsJson } from './output-tensors.ts';
import { readInputs } from './read-inputs.ts';

export interface InferOptions {
  readonly mostKeys: number;
  /** The generation that is asked for; null: the published one. */
  readonly version: string | null;
}

/** The answer to an inference request, before it is written as JSON or as a message of gRPC. */
export interface Inferred {
  readonly model: string;
  readonly version: string;
  readonly id: string | undefined;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly tensors: readonly OutputTensor[];
}

/** Answers an inference request from the stored predictions, as one publication left them. */
export async function infer(
  job: ServedJob,
  { id, inputs, outputs, parameters }: InferRequest,
  { mostKeys, version }: InferOptions,
): Promise<Inferred> {
  const asked = await job.view();
  checkVersion(asked, version);
  const keys = readInputs(inputs, inputsOf(asked), mostKeys);
  const { view, views, found } = await job.texts(keys);
  checkVersion(view, version);
  const missing = found.flatMap((text, index) => (text === undefined ? [index] : []));
  const [first] = missing;
  if (first !== undefined && parameters?.missing !== 'null') {
    const { message } = await job.explain(view, keys[first] ?? {});
    throw new ServeBatchError('NOT_FOUND', `No prediction at ${indexText(missing)}. ${message}`);
  }
  const { seconds, isStale } = job.age(view);
  return {
    model: job.name,
    version: view.generation,
    id,
    parameters: {
      run: view.info.runId,
      generated_at: view.info.createdAt,
      age_seconds: seconds,
      stale: isStale,
      ...(first === undefined ? {} : { missing: missing.join(',') }),
      ...canaryParameters(view, views),
    },
    tensors: outputTensors(wantedOutputs(outputs, outputsOf(view)), found, view),
  };
}

/** The answer as the protocol's JSON. */
export function inferredJson({ model, version, id, parameters, tensors }: Inferred): string {
  const head = JSON.stringify({
    model_name: model,
    model_version: version,
    ...(id === undefined ? {} : { id }),
    parameters,
  });
  return `${head.slice(0, -1)},"outputs":${tensorsJson(tensors)}}`;
}

/** Of a canary: its generation, its share, and which of the rows come from it. */
function canaryParameters({ canary }: PublishedView, views: readonly PublishedView[]) {
  if (canary === null) return {};
  const rows = views.flatMap(({ generation }, index) => (generation === canary.canary ? [index] : []));
  return { canary: canary.canary, canary_share: canary.share, canary_rows: rows.join(',') };
}

/** Throws `NOT_FOUND` for a version that is not the published one: others are not answered for. */
export function checkVersion({ generation }: PublishedView, version: string | null): void {
  if (version === null || version === generation) return;
  throw new ServeBatchError(
    'NOT_FOUND',
    `That version is not the published one, which is ${generation}. Only the published one is answered for.`,
  );
}

function wantedOutputs(
  asked: InferRequest['outputs'],
  all: readonly TensorMetadata[],
): readonly TensorMetadata[] {
  if (asked === undefined || asked.length === 0) return all;
  return asked.map(({ name }) => {
    const tensor = all.find((each) => each.name === name);
    if (tensor !== undefined) return tensor;
    const names = all.map((each) => `"${each.name}"`).join(', ');
    throw new ServeBatchError('USAGE', `The output "${name}" is not one of the model. It has ${names}.`, {
      fields: { field: name },
    });
  });
}

const MOST_SHOWN = 10;

function indexText(missing: readonly number[]): string {
  const rest = missing.length - MOST_SHOWN;
  const shown = missing.slice(0, MOST_SHOWN).join(', ');
  return `index ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
}
