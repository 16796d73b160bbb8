import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseJob } from '../../src/config/parse-job.ts';
import { at, dockerInstructions, yamlDocuments } from './deploy-files.ts';
import { FINAL_EXIT_CODES, PASSING_EXIT_CODES } from './exit-codes.ts';

const [configMap] = yamlDocuments('deploy/kubernetes/configmap.yaml');
const [cronJob] = yamlDocuments('deploy/kubernetes/cronjob.yaml');
const claims = yamlDocuments('deploy/kubernetes/volumes.yaml');
const job = at(cronJob, 'spec', 'jobTemplate', 'spec');
const pod = at(job, 'template', 'spec');
const container = at(pod, 'containers', 0);

describe('deploy/kubernetes/cronjob.yaml', () => {
  it('is a CronJob of batch/v1 whose ticks do not overlap', () => {
    expect(at(cronJob, 'apiVersion')).toBe('batch/v1');
    expect(at(cronJob, 'kind')).toBe('CronJob');
    expect(at(cronJob, 'spec', 'concurrencyPolicy')).toBe('Forbid');
    expect(at(cronJob, 'spec', 'schedule')).toMatch(/^\S+( \S+){4}$/);
  });

  it('fails at once with the exit codes that no attempt mends, and only with those', () => {
    const rules = at(job, 'podFailurePolicy', 'rules') as readonly unknown[];
    const failing = rules.filter((rule) => at(rule, 'action') === 'FailJob');
    expect(failing).toHaveLength(1);
    expect(at(failing[0], 'onExitCodes', 'operator')).toBe('In');
    expect(at(failing[0], 'onExitCodes', 'values')).toEqual(FINAL_EXIT_CODES);
    for (const code of PASSING_EXIT_CODES)
      expect(at(failing[0], 'onExitCodes', 'values')).not.toContain(code);
    expect(at(failing[0], 'onExitCodes', 'containerName')).toBe(at(container, 'name'));
    // Kubernetes takes a podFailurePolicy with this restart policy only.
    expect(at(pod, 'restartPolicy')).toBe('Never');
    // 10 + 20 + 40 s: longer than the lock of a holder that is gone.
    expect(at(job, 'backoffLimit')).toBeGreaterThanOrEqual(3);
  });

  it('ignores a pod that was evicted, before it looks at exit codes', () => {
    expect(at(job, 'podFailurePolicy', 'rules', 0, 'action')).toBe('Ignore');
    expect(at(job, 'podFailurePolicy', 'rules', 0, 'onPodConditions', 0, 'type')).toBe('DisruptionTarget');
  });

  it('runs as the user of the image, on a root file system that is read-only', () => {
    const user = dockerInstructions('deploy/Dockerfile').findLast(
      ({ instruction }) => instruction === 'USER',
    );
    expect(`${at(pod, 'securityContext', 'runAsUser')}:${at(pod, 'securityContext', 'runAsGroup')}`).toBe(
      user?.text,
    );
    expect(at(pod, 'securityContext', 'runAsNonRoot')).toBe(true);
    expect(at(pod, 'securityContext', 'seccompProfile', 'type')).toBe('RuntimeDefault');
    expect(at(container, 'securityContext', 'readOnlyRootFilesystem')).toBe(true);
    expect(at(container, 'securityContext', 'allowPrivilegeEscalation')).toBe(false);
  });

  it('has a volume for each mount, and a claim or config map for each volume', () => {
    const volumes = at(pod, 'volumes') as readonly unknown[];
    const mounts = at(container, 'volumeMounts') as readonly unknown[];
    expect(mounts.map((mount) => at(mount, 'name')).sort()).toEqual(
      volumes.map((volume) => at(volume, 'name')).sort(),
    );
    const names = claims.map((claim) => at(claim, 'metadata', 'name'));
    const claimed = volumes.flatMap((volume) => {
      const { persistentVolumeClaim } = volume as { readonly persistentVolumeClaim?: unknown };
      return persistentVolumeClaim === undefined ? [] : [at(persistentVolumeClaim, 'claimName')];
    });
    expect(claimed.sort()).toEqual(names.sort());
    const [jobs] = volumes.filter((volume) => at(volume, 'name') === 'jobs');
    expect(at(jobs, 'configMap', 'name')).toBe(at(configMap, 'metadata', 'name'));
    expect(mounts.find((mount) => at(mount, 'name') === 'out')).toEqual({
      name: 'out',
      mountPath: '/project/out',
    });
  });

  it('keeps variables of Services away, which would be read as flags', () => {
    expect(at(pod, 'enableServiceLinks')).toBe(false);
  });
});

describe('deploy/kubernetes/configmap.yaml', () => {
  const file = parse(at(configMap, 'data', 'weekly.yaml') as string) as unknown;

  it('holds a job file without a mistake', () => {
    expect(parseJob(file, { REDIS_PASSWORD: 'example' }).problems).toEqual([]);
  });

  it('leaves the number of processes to the CPU limit of the container, which there is', () => {
    expect(Number(at(container, 'resources', 'limits', 'cpu'))).toBeGreaterThanOrEqual(1);
    expect(Object.keys(at(file, 'execution') as object)).not.toContain('processes');
  });
});
