import { hideUrls } from '../../config/hide-urls.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import { systemClock } from '../../core/effects.ts';
import { folderOfJob } from '../../jobs/plan/locations.ts';
import type { RunReporter } from '../../jobs/run-reporter.ts';
import type { CliContext } from '../context.ts';

type Reported = Pick<
  JobSpec,
  'name' | 'description' | 'output' | 'notify' | 'heartbeat' | 'metrics' | 'lineage'
>;

/** Who is told of the runs of a job as they go; nothing where the job says nobody. */
export async function reporterOfJob(
  { secrets }: Pick<CliContext, 'secrets'>,
  spec: Reported,
  folder = folderOfJob(spec),
): Promise<{ readonly reporter?: RunReporter }> {
  if (spec.metrics === null && spec.lineage === null) return {};
  const { createRunReporter } = await import('../../notify/run-reporter.ts');
  hideUrls(spec, secrets);
  const mask = (text: string): string => secrets.mask(text);
  return { reporter: createRunReporter({ spec, folderOfJob: folder, clock: systemClock, mask }) };
}
