import { describe, expect, it } from 'vitest';
import { at, secondsOf, yamlDocuments } from './deploy-files.ts';

const [deployment, service] = yamlDocuments('deploy/kubernetes/serve.yaml');
const [cronJob] = yamlDocuments('deploy/kubernetes/cronjob.yaml');
const [configMap] = yamlDocuments('deploy/kubernetes/configmap.yaml');
const template = at(deployment, 'spec', 'template');
const pod = at(template, 'spec');
const container = at(pod, 'containers', 0);
const args = at(container, 'args') as readonly string[];
const valueAfter = (flag: string): string => args[args.indexOf(flag) + 1] ?? '';

describe('deploy/kubernetes/serve.yaml', () => {
  it('is a Deployment that the Service finds, on the port that is listened on', () => {
    expect([at(deployment, 'kind'), at(service, 'kind')]).toEqual(['Deployment', 'Service']);
    const labels = at(template, 'metadata', 'labels');
    expect(at(deployment, 'spec', 'selector', 'matchLabels')).toEqual(labels);
    expect(at(service, 'spec', 'selector')).toEqual(labels);
    expect(at(container, 'ports', 0, 'containerPort')).toBe(Number(valueAfter('--port')));
    expect(at(service, 'spec', 'ports', 0, 'targetPort')).toBe(at(container, 'ports', 0, 'name'));
    expect(at(container, 'image')).toBe(
      at(cronJob, 'spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers', 0, 'image'),
    );
  });

  it('asks the probes that there are, and lets a stale job be answered for', () => {
    expect(at(container, 'livenessProbe', 'httpGet', 'path')).toBe('/healthz');
    expect(at(container, 'readinessProbe', 'httpGet', 'path')).toBe('/readyz?stale=ok');
  });

  it('wants tokens, from a file that is there, and serves a job of the ConfigMap', () => {
    const mounts = at(container, 'volumeMounts') as readonly unknown[];
    const volumes = at(pod, 'volumes') as readonly unknown[];
    expect(mounts.map((mount) => at(mount, 'name')).sort()).toEqual(
      volumes.map((volume) => at(volume, 'name')).sort(),
    );
    expect(mounts.map((mount) => at(mount, 'mountPath'))).toContain('/tokens');
    expect(valueAfter('--token-file')).toMatch(/^\/tokens\//);
    expect(Object.keys(at(configMap, 'data') as object)).toContain(`${args[1]}.yaml`);
  });

  it('ends after the pause and the grace, with few rights', () => {
    const pause = Number(at(container, 'lifecycle', 'preStop', 'exec', 'command', 1));
    expect(at(pod, 'terminationGracePeriodSeconds')).toBeGreaterThan(
      pause + secondsOf(valueAfter('--grace')),
    );
    expect(at(pod, 'enableServiceLinks')).toBe(false);
    expect(at(pod, 'securityContext', 'runAsNonRoot')).toBe(true);
    expect(at(container, 'securityContext', 'readOnlyRootFilesystem')).toBe(true);
  });
});

describe('deploy/compose.yaml', () => {
  const [compose] = yamlDocuments('deploy/compose.yaml');
  const serve = at(compose, 'services', 'serve');

  it('has a server that this machine alone reaches, that waits for Redis and ends in order', () => {
    const command = at(serve, 'command') as readonly string[];
    const port = command[command.indexOf('--port') + 1];
    expect(at(serve, 'ports')).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(at(serve, 'depends_on', 'redis', 'condition')).toBe('service_healthy');
    const grace = secondsOf(command[command.indexOf('--grace') + 1] ?? '');
    expect(secondsOf(at(serve, 'stop_grace_period') as string)).toBeGreaterThan(grace);
    expect(at(serve, 'read_only')).toBe(true);
  });
});
