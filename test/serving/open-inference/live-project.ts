import { join } from 'node:path';
import { vi } from 'vitest';
import { DEFAULT_LIVE } from '../../../src/config/sections/live.ts';
import { DEFAULT_SERVING, type ServingSpec } from '../../../src/config/sections/serving.ts';
import type { JobSource } from '../../../src/serving/served-jobs.ts';
import { networkGraph } from '../../support/networks.ts';
import { onnxFile } from '../../support/onnx.ts';
import { makeProject, type Project } from '../../support/project.ts';

/** Four measurements and no key but their number: what KServe's documentation asks a model of irises. */
const IRIS = `name: iris
input: iris.csv
model: iris.onnx
features:
  columns: [sepal_length, sepal_width, petal_length, petal_width]
kv: { key: "{flower}" }
serving: { live: true }
`;
const FLOWERS = `flower,petal_width,petal_length,sepal_width,sepal_length
1,1.4,4.8,2.8,6.8
2,1.6,4.5,3.4,6.0
`;

/** A project with the golden job and a model of irises, which are run; their live models are asked in this process. */
export async function liveProject(...jobs: readonly ('sales' | 'iris')[]): Promise<Project> {
  const project = await makeProject();
  await project.write('jobs/iris.yaml', IRIS);
  await project.write('iris.csv', FLOWERS);
  await project.write('iris.onnx', onnxFile(networkGraph([4, 8, 1])));
  for (const job of jobs) await project.run([job]);
  vi.spyOn(process, 'cwd').mockReturnValue(project.folder);
  return project;
}

export function liveSource(project: Project, job: string, serving: Partial<ServingSpec> = {}): JobSource {
  const folderOfJob = project.path('out', job);
  return {
    name: job,
    description: null,
    schedule: null,
    storeUrl: `lmdb:${join(folderOfJob, 'kv')}`,
    folderOfJob,
    serving: { ...DEFAULT_SERVING, live: DEFAULT_LIVE, ...serving },
  };
}
