import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { QUEUE_NAME } from '../../src/queue/shard-job.ts';
import { ARRAY_VARIABLES } from '../../src/runs/dispatch/array-task.ts';
import { commandsByName, quietProgram } from '../docs/command-line.ts';
import { readDoc } from '../docs/markdown.ts';
import { REPOSITORY } from '../support/cli.ts';
import { at, readProjectFile, secondsOf, yamlDocuments } from './deploy-files.ts';
import { FINAL_EXIT_CODES } from './exit-codes.ts';

const MAPPED_DAG = 'deploy/airflow/weekly_forecast_mapped.py';
const [array] = yamlDocuments('deploy/kubernetes/array.yaml');
const [workers, scaling] = yamlDocuments('deploy/kubernetes/workers.yaml');
const [cloudRun] = yamlDocuments('deploy/cloud/cloud-run-job.yaml');
const [compose] = yamlDocuments('deploy/compose.workers.yaml');
const batch: unknown = JSON.parse(readProjectFile('deploy/cloud/aws-batch.json'));

const commands = commandsByName(quietProgram());
const words = (data: unknown, ...path: (string | number)[]) => at(data, ...path) as readonly string[];
const arrayPod = at(array, 'spec', 'template', 'spec');
const workerPod = at(workers, 'spec', 'template', 'spec');
const cloudRunPod = at(cloudRun, 'spec', 'template', 'spec', 'template', 'spec');

describe('calls of serve-batch', () => {
  it.each([
    { file: 'array.yaml', call: words(arrayPod, 'containers', 0, 'args') },
    { file: 'workers.yaml', call: words(workerPod, 'containers', 0, 'args') },
    { file: 'cloud-run-job.yaml', call: words(cloudRunPod, 'containers', 0, 'args') },
    { file: 'aws-batch.json', call: words(batch, 'containerProperties', 'command') },
    { file: 'compose.workers.yaml', call: words(compose, 'services', 'worker', 'command') },
    { file: 'SLURM, plan', call: ['plan', 'weekly', '--groups', '200', '--json'] },
    { file: 'SLURM, shard', call: ['shard', '--plan', 'p', '--dispatch', '1'] },
    { file: 'Airflow, shard', call: ['shard', '--plan', 'p', '--dispatch', '1', '--group', '0'] },
    { file: 'Airflow, finish', call: ['finish', 'RUN'] },
  ])('$file: $call', ({ call: [name = '', ...args] }) => {
    // Parameters of AWS Batch are filled in.
    const filled = args.map((word) => word.replace('Ref::dispatch', '1'));
    expect(commands.get(name)?.parseOptions(filled).unknown).toEqual([]);
  });

  it('the flag that the environment gives is there', () => {
    const variable = commands.get('worker')?.options.find(({ long }) => long === '--queue')?.envVar;
    expect(at(workerPod, 'containers', 0, 'env', 0, 'name')).toBe(variable);
    expect(Object.keys(at(compose, 'x-program', 'environment') as object)).toEqual([variable]);
  });
});

describe('deploy/kubernetes/array.yaml', () => {
  it('is an Indexed Job whose tasks fail by themselves, with the exit codes that no attempt mends', () => {
    expect(at(array, 'spec', 'completionMode')).toBe('Indexed');
    expect(at(array, 'spec', 'backoffLimitPerIndex')).toBeGreaterThan(0);
    expect(at(array, 'spec', 'podFailurePolicy', 'rules', 0, 'action')).toBe('Ignore');
    const [, failing] = at(array, 'spec', 'podFailurePolicy', 'rules') as readonly unknown[];
    expect(at(failing, 'action')).toBe('FailIndex');
    expect(at(failing, 'onExitCodes', 'values')).toEqual(FINAL_EXIT_CODES);
    expect(at(failing, 'onExitCodes', 'containerName')).toBe(at(arrayPod, 'containers', 0, 'name'));
    // Kubernetes takes both of these with this restart policy only.
    expect(at(arrayPod, 'restartPolicy')).toBe('Never');
  });

  it.each([
    { file: 'array.yaml', pod: arrayPod },
    { file: 'workers.yaml', pod: workerPod },
  ])('the pods of $file have what they write to, and no more rights', ({ pod }) => {
    const names = (list: unknown) => (list as readonly unknown[]).map((each) => at(each, 'name')).sort();
    expect(names(at(pod, 'containers', 0, 'volumeMounts'))).toEqual(names(at(pod, 'volumes')));
    expect(at(pod, 'securityContext', 'runAsUser')).toBe(1000);
    expect(at(pod, 'containers', 0, 'securityContext', 'readOnlyRootFilesystem')).toBe(true);
    expect(at(pod, 'enableServiceLinks')).toBe(false);
  });
});

describe('workers', () => {
  const graceOf = (call: readonly string[]) => secondsOf(call[call.indexOf('--grace') + 1] ?? '');

  it('have more time to end than they take themselves', () => {
    expect(at(workerPod, 'terminationGracePeriodSeconds')).toBeGreaterThan(
      graceOf(words(workerPod, 'containers', 0, 'args')),
    );
    const worker = at(compose, 'services', 'worker');
    expect(secondsOf(String(at(worker, 'stop_grace_period')))).toBeGreaterThan(
      graceOf(words(worker, 'command')),
    );
  });

  it('are three, with a queue that evicts nothing, and the folders of the run', () => {
    expect(at(compose, 'services', 'worker', 'deploy', 'replicas')).toBe(3);
    const queue = words(compose, 'services', 'queue', 'command');
    expect(queue[queue.indexOf('--maxmemory-policy') + 1]).toBe('noeviction');
    // The merge key stands in both.
    expect(readProjectFile('deploy/compose.workers.yaml').match(/<<: \*program/g)).toHaveLength(2);
  });

  it('are scaled by the lists of the queue', () => {
    const triggers = at(scaling, 'spec', 'triggers') as readonly unknown[];
    expect(triggers.map((trigger) => at(trigger, 'metadata', 'listName'))).toEqual([
      `bull:${QUEUE_NAME}:wait`,
      `bull:${QUEUE_NAME}:active`,
    ]);
    expect(at(scaling, 'spec', 'scaleTargetRef', 'name')).toBe(at(workers, 'metadata', 'name'));
  });
});

describe('deploy/cloud', () => {
  it('AWS Batch tries again what may be mended, and nothing else', () => {
    const rules = at(batch, 'retryStrategy', 'evaluateOnExit') as readonly Record<string, string>[];
    const ending = rules.flatMap(({ onExitCode, action }) => (action === 'EXIT' ? [Number(onExitCode)] : []));
    expect(ending).toEqual(FINAL_EXIT_CODES);
    expect(rules.at(-1)).toEqual({ onReason: '*', action: 'RETRY' });
    // AWS allows five rules beside attempts up to ten; more are refused.
    expect(at(batch, 'retryStrategy', 'attempts')).toBeLessThanOrEqual(10);
  });

  it('every engine of the page has its variable', () => {
    const page = readDoc('docs/many-machines.md');
    for (const variable of ARRAY_VARIABLES) expect(page).toContain(`\`${variable}\``);
  });
});

describe('deploy/slurm/serve-batch.sh', () => {
  it('is a script that bash reads', () => {
    const script = 'deploy/slurm/serve-batch.sh';
    expect(spawnSync('bash', ['-n', script], { cwd: REPOSITORY }).status).toBe(0);
    expect(readProjectFile(script)).toContain('--requeue');
  });
});

const hasPython = spawnSync('python3', ['--version']).status === 0;
describe.skipIf(!hasPython)(`${MAPPED_DAG} (skipped where python3 is not installed)`, () => {
  it('compiles, and ends for good with the exit codes that no attempt mends', () => {
    const compile = 'import sys; compile(sys.stdin.read(), sys.argv[1], "exec")';
    const text = readProjectFile(MAPPED_DAG);
    const { status, stderr } = spawnSync('python3', ['-c', compile, MAPPED_DAG], { input: text });
    expect(String(stderr)).toBe('');
    expect(status).toBe(0);
    expect(text).toContain(`FINAL_EXIT_CODES = {${FINAL_EXIT_CODES.join(', ')}}`);
  });
});
