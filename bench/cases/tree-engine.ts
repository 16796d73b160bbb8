import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { childFlags } from '../../src/children/start-child.ts';
import { modelFile } from '../data/models.ts';
import type { EngineAnswer, EngineRequest } from '../engines/engine-request.ts';
import { FORESTS, type ForestName } from '../engines/forests.ts';
import { measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';
import { type BenchCase, type Contender, type Figure, type Results, resultOf } from './bench-case.ts';

const PROGRAM = fileURLToPath(new URL('../engines/engine-program.js', import.meta.url));
const TABLE_ROWS = 700_000;
const FIXTURE_ROWS = 200_000;
const FOREST_ROWS = 40_000;
const TURNS = 5;
const FIXTURE = { real: 'the example, rows of the benchmark', random: 'the example, random rows' } as const;

/** What is wanted of each: how many times as fast as ONNX Runtime. */
const WANTED: readonly (readonly [ForestName, number | null])[] = [
  ['500 x 31', 5],
  ['200 x 127', 5],
  ['10 classes', 5],
  ['categories', 5],
  ['500 x 255', null],
];

/** The model alone, one core each, in a process as children are started: both engines in turn, by seconds of the processor. */
export const treeEngine: BenchCase = {
  name: 'tree-engine',
  about: 'the tree engine by ONNX Runtime, one core each, and how long compiling takes',
  runs: 'once',
  estimateSeconds: () => ({ prepare: 2, round: 40 }),
  async prepare(bench) {
    const model = await modelFile(bench.data, 'trees');
    const table = await bench.data.table(TABLE_ROWS);
    const shared = { model, table, rows: FIXTURE_ROWS, turns: TURNS };
    return {
      contenders: [
        contender(FIXTURE.real, { ...shared, values: 'real' }),
        contender(FIXTURE.random, { ...shared, values: 'random' }),
        ...WANTED.map(([forest]) =>
          contender(FORESTS[forest].title, { forest, rows: FOREST_ROWS, turns: TURNS }),
        ),
      ],
      figures,
    };
  },
};

function contender(name: string, request: EngineRequest): Contender {
  return {
    name,
    async measure(): Promise<Measurement> {
      const { stdout, wallSeconds, memory } = await measureCommand({
        program: process.execPath,
        args: [...childFlags(), PROGRAM, JSON.stringify(request)],
        cwd: tmpdir(),
      });
      const answer = JSON.parse(stdout) as EngineAnswer;
      if (!answer.sameBits) throw new Error(`The engines answer otherwise to ${name}.`);
      const { rows, treesSeconds, runtimeSeconds, compileSeconds } = answer;
      const details = { runtimeSeconds, compileSeconds, processWallSeconds: wallSeconds };
      return { rows, wallSeconds: treesSeconds, cpuSeconds: treesSeconds, memory, details };
    },
  };
}

function figures(results: Results): readonly Figure[] {
  return [
    ratio(results, FIXTURE.real, 8),
    ratio(results, FIXTURE.random, 11),
    ...WANTED.map(([forest, wanted]) => ratio(results, FORESTS[forest].title, wanted)),
    compiling(results, FIXTURE.real, 0.1),
    compiling(results, FORESTS['500 x 255'].title, 1),
  ];
}

function ratio(results: Results, name: string, wanted: number | null): Figure {
  const { cpuSeconds, details, rows } = resultOf(results, name);
  const trees = cpuSeconds ?? Number.NaN;
  return {
    title: `tree engine by ONNX Runtime: ${name}`,
    value: Number(details.runtimeSeconds) / trees,
    unit: 'x',
    target: wanted === null ? null : { atLeast: wanted },
    note: `${(rows / trees / 1e6).toFixed(2)} M rows/s a core`,
  };
}

function compiling(results: Results, name: string, wanted: number): Figure {
  const { details } = resultOf(results, name);
  return {
    title: `compiling ${name.split(',')[0]}`,
    value: Number(details.compileSeconds),
    unit: 's',
    target: { atMost: wanted },
  };
}
