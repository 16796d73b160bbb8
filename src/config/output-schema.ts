import { z } from 'zod';
import { COMPRESSIONS } from '../core/plan.ts';
import { choice, expected, section, text, textMap, texts } from './field-kinds.ts';

const OUTPUT_PATH = expected('a folder, or a name that ends in .parquet', 'out');
const OUTPUT_COLUMNS = expected("a list of input columns, or '*' for all", '[region, category]');

/** The field `output` of a job file. */
export const output = z
  .union(
    [
      text(OUTPUT_PATH),
      section({
        path: text(OUTPUT_PATH)
          .exactOptional()
          .describe('The folder of all runs, or one file where the name ends in .parquet. Default: out.'),
        columns: z
          .union([z.literal('*'), texts(OUTPUT_COLUMNS)], { error: OUTPUT_COLUMNS })
          .exactOptional()
          .describe(
            "Input columns kept beside the predictions; '*' is all. Default: those of kv.key and kv.field.",
          ),
        rename: textMap(
          expected('a map from model output to column name', '{variable: sales}'),
          expected('the name of a column', 'sales'),
        )
          .exactOptional()
          .describe('Names of the prediction columns, by model output: {variable: sales}.'),
        vectors: choice(['list', 'columns'])
          .exactOptional()
          .describe(
            'What an output of several values a row becomes: one list, or columns name_0, name_1 and so on. Default: list.',
          ),
        compression: choice(COMPRESSIONS)
          .exactOptional()
          .describe('Compression of the Parquet files. Default: zstd.'),
      }),
    ],
    { error: OUTPUT_PATH },
  )
  .describe('Where the predictions go: a path, or a map. Default: out.');
