import { modelFile } from '../data/models.ts';
import { measureInferenceAlone } from '../limits/inference-alone.ts';
import type { FeatureValues } from '../limits/inference-messages.ts';
import { type BenchCase, type Contender, resultOf } from './bench-case.ts';

const ROWS = 700_000;

/** Whether the rows of the benchmark are as hard for the trees as rows can be. */
export const variedRows: BenchCase = {
  name: 'varied-rows',
  about: 'inference alone by the trees: the rows of the benchmark, random rows, and 64 rows repeated',
  runs: 'once',
  estimateSeconds: () => ({ prepare: 2, round: 10 }),
  async prepare(bench) {
    const table = await bench.data.table(ROWS);
    const model = await modelFile(bench.data, 'trees');
    const contender = (name: string, values: FeatureValues): Contender => ({
      name,
      measure: () => measureInferenceAlone({ model, table, rows: ROWS, processes: bench.cores, values }),
    });
    return {
      contenders: [
        contender('rows of the benchmark', 'real'),
        contender('random rows', 'random'),
        contender('64 rows repeated', 'repeated'),
      ],
      figures: (results) => {
        const speed = (name: string) => resultOf(results, name).rowsPerSecond;
        return [
          {
            title: 'inference: rows of the benchmark by random rows',
            value: speed('rows of the benchmark') / speed('random rows'),
            unit: 'x',
            target: null,
          },
          {
            title: 'inference: 64 rows repeated by random rows',
            value: speed('64 rows repeated') / speed('random rows'),
            unit: 'x',
            target: null,
          },
        ];
      },
    };
  },
};
