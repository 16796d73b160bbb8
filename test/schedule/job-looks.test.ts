import { expect, it } from 'vitest';
import { JobLooks } from '../../src/schedule/job-looks.ts';
import { LOOKS_AT_ONCE } from '../../src/schedule/tick.ts';
import { scheduledJob } from './simulation.ts';

/** Long enough for a test that waits for it to be seen to. */
const FOR_EVER_MS = 2 ** 31 - 1;

function named(name: string) {
  const { spec, schedule } = scheduledJob('/nowhere');
  return { spec: { ...spec, name }, schedule };
}

it('waits once for jobs that hang, however many they are, and looks at all others', async () => {
  const hanging = Array.from({ length: 2 * LOOKS_AT_ONCE }, (_, index) => named(`hangs-${index}`));
  const others = ['a', 'b', 'c'].map(named);
  const looked: string[] = [];
  let goOn = (): void => {};
  const end = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let late = 0;
  const looks = new JobLooks(
    async ({ spec }) => {
      looked.push(spec.name);
      if (spec.name.startsWith('hangs')) await end;
    },
    () => late++,
    { slowMs: 1, allMs: FOR_EVER_MS },
  );
  await looks.at([...hanging, ...others]);
  expect(looked.slice(-3)).toEqual(['a', 'b', 'c']);
  // One look at each at a time: those that hang are not begun again.
  await looks.at([...hanging, ...others]);
  expect(looked).toHaveLength(hanging.length + 2 * others.length);

  const before = late;
  goOn();
  await end;
  await new Promise((resolve) => setImmediate(resolve));
  expect(late - before, 'what they find at last is told').toBe(hanging.length);
});
