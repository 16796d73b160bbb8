import { fences, readDoc } from '../docs/markdown.ts';
import { at, PYTHON_DAG, readProjectFile, SYSTEMD_UNITS, unitValues, yamlDocuments } from './deploy-files.ts';

/** A call of serve-batch that a file of deploy/ makes: the words after the program's name. */
export interface DeployedCall {
  readonly file: string;
  readonly words: readonly string[];
}

/** Every call of serve-batch in deploy/, and in the YAML and Python of its pages. */
export function deployedCalls(): readonly DeployedCall[] {
  const compose = yamlDocuments('deploy/compose.yaml')[0];
  const cronJob = yamlDocuments('deploy/kubernetes/cronjob.yaml')[0];
  const pod = at(cronJob, 'spec', 'jobTemplate', 'spec', 'template', 'spec');
  const server = at(yamlDocuments('deploy/kubernetes/serve.yaml')[0], 'spec', 'template', 'spec');
  return [
    { file: 'deploy/compose.yaml', words: at(compose, 'services', 'scheduler', 'command') as string[] },
    { file: 'deploy/compose.yaml', words: at(compose, 'services', 'serve', 'command') as string[] },
    { file: 'deploy/kubernetes/serve.yaml', words: at(server, 'containers', 0, 'args') as string[] },
    { file: 'deploy/kubernetes/cronjob.yaml', words: at(pod, 'containers', 0, 'args') as string[] },
    ...SYSTEMD_UNITS.flatMap((file) =>
      unitValues(file, 'ExecStart').map((command) => ({ file, words: command.split(' ').slice(1) })),
    ),
    { file: 'deploy/crontab', words: wordsAfter(/&& \{ serve-batch (.+?) >>/, 'deploy/crontab') },
    { file: PYTHON_DAG, words: airflowWords() },
    ...podOperatorCalls(),
  ];
}

function wordsAfter(pattern: RegExp, file: string): readonly string[] {
  return pattern.exec(readProjectFile(file))?.[1]?.split(' ') ?? [];
}

/** The command of the DAG, with an occurrence in the place of its template. */
function airflowWords(): readonly string[] {
  const literals = /bash_command=\(\n(.*?)\n {8}\),/s.exec(readProjectFile(PYTHON_DAG))?.[1] ?? '';
  const command = [...literals.matchAll(/"(.*)"/g)].map(([, text]) => text).join('');
  return command
    .replace(/\{\{.*?\}\}/g, '2026-11-21T00:00:00Z')
    .replace('exec serve-batch ', '')
    .split(' ');
}

function podOperatorCalls(): readonly DeployedCall[] {
  const file = 'docs/deploy-airflow.md';
  return fences(readDoc(file))
    .filter(({ language }) => language === 'python')
    .flatMap(({ text }) => [...text.matchAll(/arguments=\[(.*?)\],\n/gs)])
    .map(([, list = '']) => ({
      file,
      words: [...list.matchAll(/"([^"]*)"/g)].map(([, word]) => word ?? ''),
    }));
}
