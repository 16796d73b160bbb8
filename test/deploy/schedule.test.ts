import { expect, it } from 'vitest';
import { at, secondsOf, yamlDocuments } from './deploy-files.ts';

const [deployment] = yamlDocuments('deploy/kubernetes/schedule.yaml');
const [cronJob] = yamlDocuments('deploy/kubernetes/cronjob.yaml');
const pod = at(deployment, 'spec', 'template', 'spec');
const container = at(pod, 'containers', 0);
const args = at(container, 'args') as readonly string[];
const podOfTick = at(cronJob, 'spec', 'jobTemplate', 'spec', 'template', 'spec');

it('is one pod at a time, which the selector finds', () => {
  expect(at(deployment, 'spec', 'replicas')).toBe(1);
  expect(at(deployment, 'spec', 'strategy', 'type')).toBe('Recreate');
  expect(at(deployment, 'spec', 'selector', 'matchLabels')).toEqual(
    at(deployment, 'spec', 'template', 'metadata', 'labels'),
  );
});

it('the probe reads the file that the scheduler writes, later than its first look', () => {
  const file = args[args.indexOf('--alive-file') + 1];
  expect(file).toMatch(/^\/tmp\//);
  expect(at(container, 'livenessProbe', 'exec', 'command')).toEqual([
    'serve-batch',
    'doctor',
    '--schedule',
    file,
  ]);
  expect(at(container, 'livenessProbe', 'initialDelaySeconds')).toBeGreaterThanOrEqual(60);
});

it('has time to end in, and the rights, the image and the volumes of the CronJob', () => {
  const grace = secondsOf(args[args.indexOf('--grace') + 1] ?? '');
  expect(at(pod, 'terminationGracePeriodSeconds')).toBeGreaterThan(grace);
  const ofTick = at(podOfTick, 'containers', 0);
  for (const same of ['image', 'env', 'resources', 'securityContext', 'volumeMounts'])
    expect(at(container, same)).toEqual(at(ofTick, same));
  for (const same of ['volumes', 'securityContext', 'enableServiceLinks', 'automountServiceAccountToken'])
    expect(at(pod, same)).toEqual(at(podOfTick, same));
});
