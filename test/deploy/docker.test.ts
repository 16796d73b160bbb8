import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { at, dockerInstructions, readProjectFile, secondsOf, yamlDocuments } from './deploy-files.ts';

const instructions = dockerInstructions('deploy/Dockerfile');
const lastFrom = instructions.findLastIndex(({ instruction }) => instruction === 'FROM');
const final = instructions.slice(lastFrom);
const textsOf = (name: string, among = instructions): readonly string[] =>
  among.filter(({ instruction }) => instruction === name).map(({ text }) => text);

describe('deploy/Dockerfile', () => {
  it('starts every stage from the same slim Debian image', () => {
    const bases = textsOf('FROM').map((text) => text.split(' ')[0]);
    expect(new Set(bases)).toEqual(new Set(['node:${' + 'NODE_TAG}']));
    expect(bases.length).toBeGreaterThan(1);
    expect(textsOf('ARG')).toContain('NODE_TAG=20-bookworm-slim');
  });

  it('runs as a user that is a number and not root', () => {
    expect(textsOf('USER', final)).toEqual(['1000:1000']);
  });

  it('installs nothing in the final stage, and takes npm away', () => {
    const commands = textsOf('RUN', final).join('\n');
    expect(commands).not.toMatch(/apt-get|npm (ci|install)|make|gcc|python/);
    expect(commands).toContain('rm -rf /usr/local/lib/node_modules');
  });

  it('takes production modules and the built program only', () => {
    const production = textsOf('RUN').filter((text) => text.includes('--omit=dev'));
    expect(production).toHaveLength(1);
    expect(textsOf('RUN').filter((text) => text.startsWith('npm ci'))).toHaveLength(2);
    for (const text of textsOf('RUN').filter((each) => each.startsWith('npm ci')))
      expect(text).toContain('--ignore-scripts');
    expect(textsOf('COPY', final)).toEqual([
      'package.json LICENSE /app/',
      '--from=modules /app/node_modules /app/node_modules',
      '--from=build /build/dist /app/dist',
    ]);
  });

  it('starts the program itself, without a shell that would keep signals from it', () => {
    expect(textsOf('ENTRYPOINT', final)).toEqual(['["serve-batch"]']);
    expect(textsOf('VOLUME', final)).toEqual(['/project/out']);
    expect(textsOf('WORKDIR', final)).toEqual(['/project']);
  });

  it('copies files that exist and that .dockerignore lets through', () => {
    const allowed = readProjectFile('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = textsOf('COPY')
      .filter((text) => !text.startsWith('--from'))
      .flatMap((text) => text.split(' ').slice(0, -1));
    expect([...new Set(sources)].sort()).toEqual([...allowed].sort());
    for (const source of sources) expect(existsSync(join(REPOSITORY, source)), source).toBe(true);
  });
});

describe('deploy/compose.yaml', () => {
  const compose = yamlDocuments('deploy/compose.yaml')[0];
  const redis = at(compose, 'services', 'redis');
  const scheduler = at(compose, 'services', 'scheduler');
  const commandOfRedis = at(redis, 'command') as readonly string[];

  it('has a Redis with a password that evicts nothing and keeps its data', () => {
    const valueAfter = (flag: string): string | undefined => commandOfRedis[commandOfRedis.indexOf(flag) + 1];
    expect(valueAfter('--maxmemory-policy')).toBe('noeviction');
    expect(valueAfter('--requirepass')).toMatch(/^\$\{REDIS_PASSWORD:\?/);
    expect(valueAfter('--appendonly')).toBe('yes');
    expect(at(redis, 'volumes')).toEqual(['redis:/data']);
    expect(at(redis, 'healthcheck', 'test', 0)).toBe('CMD-SHELL');
    expect(at(scheduler, 'depends_on', 'redis', 'condition')).toBe('service_healthy');
  });

  it('gives the scheduler more time to end than it takes itself', () => {
    const command = at(scheduler, 'command') as readonly string[];
    const grace = command[command.indexOf('--grace') + 1] ?? '';
    expect(secondsOf(String(at(scheduler, 'stop_grace_period')))).toBeGreaterThan(secondsOf(grace));
  });

  it('keeps the output folder, and writes nowhere else', () => {
    expect(at(scheduler, 'read_only')).toBe(true);
    expect(at(scheduler, 'tmpfs')).toEqual(['/tmp']);
    const mounts = at(scheduler, 'volumes') as readonly unknown[];
    expect(mounts.filter((mount) => typeof mount === 'string')).toEqual(['out:/project/out']);
    for (const mount of mounts.filter((each) => typeof each !== 'string'))
      expect(at(mount, 'read_only')).toBe(true);
    expect(Object.keys(at(compose, 'volumes') as object).sort()).toEqual(['out', 'redis']);
  });

  it('builds the Dockerfile that there is', () => {
    expect(at(scheduler, 'build')).toEqual({ context: '..', dockerfile: 'deploy/Dockerfile' });
  });

  it('takes every variable from env.example, whose copy git ignores', () => {
    const used = [...readProjectFile('deploy/compose.yaml').matchAll(/\$\{([A-Z_]+):[?-]/g)].map(
      ([, name]) => name,
    );
    const offered = [...readProjectFile('deploy/env.example').matchAll(/^([A-Z_]+)=/gm)].map(
      ([, name]) => name,
    );
    expect([...new Set(used)].sort()).toEqual([...offered].sort());
    expect(readProjectFile('.gitignore').split('\n')).toContain('deploy/.env');
  });
});
