import { describe, expect, it } from 'vitest';
import {
  fillTemplates,
  paramsUsed,
  type TemplateValues,
  usesOccurrence,
} from '../../src/config/fill-templates.ts';

const VALUES: TemplateValues = {
  job: 'weekly',
  occurrence: new Date('2026-10-24T22:00:00Z'),
  now: new Date('2026-10-26T09:15:00Z'),
  timeZone: 'Europe/Stockholm',
  params: { region: 'north', quote: "o'clock" },
};

describe('fillTemplates', () => {
  it.each([
    ['{{ occurrence }}', '2026-10-25T00:00:00'],
    ['{{occurrence+0d}}', '2026-10-25T00:00:00'],
    ['{{ occurrence.date }}', '2026-10-25'],
    ['{{ occurrence.date - 1w }}', '2026-10-18'],
    ['{{ occurrence.utc }}', '2026-10-24T22:00:00Z'],
    ['{{ occurrence.utc + 90m }}', '2026-10-24T23:30:00Z'],
    ['{{ run.date }}', '2026-10-25'],
    ['{{ params.region }}', 'north'],
    ['data/{{ occurrence.date }}/{{ params.region }}.csv', 'data/2026-10-25/north.csv'],
    ["SELECT {'a': {'b': 1}}", "SELECT {'a': {'b': 1}}"],
  ])('%s is %s', (text, filled) => {
    expect(fillTemplates(text, 'input', VALUES)).toBe(filled);
  });

  it('adds days as a calendar does, and hours as time passes, over a change of the clocks', () => {
    expect(fillTemplates('{{ occurrence + 1d }}', 'input', VALUES)).toBe('2026-10-26T00:00:00');
    expect(fillTemplates('{{ occurrence + 4h }}', 'input', VALUES)).toBe('2026-10-25T03:00:00');
  });

  it('takes the day of the run from the clock where there is no occurrence', () => {
    expect(fillTemplates('{{ run.date }}', 'input', { ...VALUES, occurrence: null })).toBe('2026-10-26');
  });

  it.each([
    ['{{ occurence }}', 'JOB_FILE', 'features.select holds {{ occurence }}; expected {{ occurrence }}'],
    ['{{ occurrence + soon }}', 'JOB_FILE', 'holds {{ occurrence + soon }}'],
    ['{{ }}', 'JOB_FILE', 'holds {{ }}'],
    [
      '{{ params.regoin }}',
      'USAGE',
      'needs the parameter "regoin", which has no value. Did you mean "region"?',
    ],
  ])('says what is wrong with %s', (text, code, message) => {
    expect(() => fillTemplates(text, 'features.select', VALUES)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it('says how to give the occurrence where there is none', () => {
    expect(() => fillTemplates('{{ occurrence }}', 'input', { ...VALUES, occurrence: null })).toThrow(
      /this run of weekly has no occurrence. Give one with --occurrence 2026-11-21/,
    );
  });
});

it('knows what texts use', () => {
  expect(usesOccurrence(['a', '{{ occurrence.date + 1d }}'])).toBe(true);
  expect(usesOccurrence(['{{ run.date }}', 'occurrence', '{{ params.occurrence }}'])).toBe(false);
  expect([...paramsUsed(['{{ params.a }} {{ params.b-c }}', '{{ run.date }}'])]).toEqual(['a', 'b-c']);
});
