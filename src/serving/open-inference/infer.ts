import { ServeBatchError } from '../../core/errors.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import type { LiveAnswer } from '../../shard/live/live-question.ts';
import { answerError } from '../live/live-answers.ts';
import type { InferRequest } from './infer-request.ts';
import type { AnsweredRows, InferenceModel } from './inference-model.ts';
import { outputsOf, type TensorMetadata } from './model-tensors.ts';
import { type OutputTensor, outputTensors, tensorsJson } from './output-tensors.ts';

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

/** Answers an inference request, as one publication left the predictions or with the model of one generation. */
export async function infer(
  model: InferenceModel,
  request: InferRequest,
  { mostKeys, version }: InferOptions,
): Promise<Inferred> {
  const { job } = model;
  const asked = await job.view();
  checkVersion(asked, version);
  const answered = await model.rows(request, asked, mostKeys);
  const { view, views, answers } = answered;
  checkVersion(view, version);
  const left = await leftOut(answered, request.parameters?.missing === 'null');
  const texts = answers.map((answer) => (answer.kind === 'value' ? answer.text : undefined));
  const { seconds, isStale } = job.age(view);
  return {
    model: model.name,
    version: view.generation,
    id: request.id,
    parameters: {
      run: view.info.runId,
      generated_at: view.info.createdAt,
      age_seconds: seconds,
      stale: isStale,
      ...left,
      ...canaryParameters(view, views),
    },
    tensors: outputTensors(wantedOutputs(request.outputs, outputsOf(view)), texts, view),
  };
}

/**
 * The rows without an answer, for the parameters. Throws `NOT_FOUND` for the keys and `INVALID_ROW` for the rows that
 * have none, unless they may be null, and `USAGE` for a row that is wrong.
 */
async function leftOut({ answers, explain }: AnsweredRows, mayBeNull: boolean) {
  const placesOf = (kind: LiveAnswer['kind']): readonly number[] =>
    answers.flatMap((answer, index) => (answer.kind === kind ? [index] : []));
  const [missing, rejected] = [placesOf('unknown'), placesOf('reject')];
  for (const [index, answer] of answers.entries())
    if (answer.kind === 'wrong' || (answer.kind === 'reject' && !mayBeNull)) throw rowError(answer, index);
  const [first] = missing;
  if (first !== undefined && !mayBeNull)
    throw new ServeBatchError('NOT_FOUND', `No prediction at ${indexText(missing)}. ${await explain(first)}`);
  return {
    ...(missing.length === 0 ? {} : { missing: missing.join(',') }),
    ...(rejected.length === 0 ? {} : { rejected: rejected.join(',') }),
  };
}

function rowError(answer: Extract<LiveAnswer, { kind: 'wrong' | 'reject' }>, index: number): ServeBatchError {
  const { code, message, fields } = answerError(answer);
  return new ServeBatchError(code, `Index ${index}: ${message}`, { fields });
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
