import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ServeBatchError } from '../../../core/errors.ts';
import { valueJson } from '../../../lookup/parse-value.ts';
import type { Cells } from '../../../shard/live/live-question.ts';
import { valueText } from '../../live/live-answers.ts';
import type { ServerParts } from '../http-server.ts';
import { JSON_TYPE } from './prediction-routes.ts';

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const rows = z.array(z.record(z.string(), cell)).min(1);

/** The forms in which clients of MLflow send rows. */
export const invocationsSchema = z.union(
  [
    z.strictObject({ dataframe_records: rows }),
    z.strictObject({ instances: rows }),
    z.strictObject({
      dataframe_split: z.object({ columns: z.array(z.string()), data: z.array(z.array(cell)).min(1) }),
    }),
    z.strictObject({ inputs: z.record(z.string(), z.array(cell).min(1)) }),
  ],
  {
    error:
      'expected dataframe_split ({"columns": [...], "data": [...]}), dataframe_records or instances (lists of rows), or inputs (a map from column to values)',
  },
);

/** As MLflow's scoring server: the live model of the job that the server has, or of the one in `?job=`. */
export function addMlflowRoutes(app: FastifyInstance, { jobs, limits }: ServerParts): void {
  app.get('/ping', { config: { isOpen: true } }, async () => '\n');
  app.post<{ Querystring: { readonly job?: string } }>('/invocations', (request, reply) => {
    const names = jobs.jobs.filter(({ liveJob }) => liveJob !== null).map(({ name }) => name);
    const name = request.query.job ?? onlyOf(names);
    return jobs.use(name, async (job) => {
      reply.job = job.name;
      const { model } = job.live;
      const asked = rowsOf(invocationsSchema.parse(request.body));
      if (asked.length > limits.keys)
        throw usage(`The body has ${asked.length} rows; expected 1 to ${limits.keys}.`);
      const view = await job.view();
      const texts = (await model.rows(view, asked)).map(valueText);
      reply.source = 'live';
      const values = texts.map((text) => valueJson(text ?? '', view.info));
      return reply.header('content-type', JSON_TYPE).send(`{"predictions":[${values.join(',')}]}`);
    });
  });
}

function onlyOf(names: readonly string[]): string {
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  throw usage(
    `${names.length} jobs of this server are answered live; expected one. Name it: /invocations?job=NAME.`,
  );
}

function rowsOf(body: z.output<typeof invocationsSchema>): readonly Cells[] {
  if ('dataframe_records' in body) return body.dataframe_records;
  if ('instances' in body) return body.instances;
  if ('dataframe_split' in body) return zip(body.dataframe_split.columns, body.dataframe_split.data);
  const columns = Object.entries(body.inputs);
  const [first] = columns;
  const data = (first?.[1] ?? []).map((_, row) =>
    columns.flatMap(([, values]) => values.slice(row, row + 1)),
  );
  if (columns.some(([, values]) => values.length !== data.length))
    throw usage('The columns of inputs have different lengths. Give each a value for each row.');
  return zip(
    columns.map(([name]) => name),
    data,
  );
}

function zip(columns: readonly string[], data: readonly (readonly Cells[string][])[]): readonly Cells[] {
  return data.map((values, index) => {
    if (values.length === columns.length)
      return Object.fromEntries(columns.map((name, column) => [name, values[column] ?? null]));
    throw usage(`Row ${index + 1} has ${values.length} values; expected ${columns.length}.`);
  });
}

function usage(message: string): ServeBatchError {
  return new ServeBatchError('USAGE', message);
}
