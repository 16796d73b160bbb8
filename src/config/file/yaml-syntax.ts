import { type Document, visit } from 'yaml';
import { firstLine } from '../../core/errors.ts';

/** What is wrong with a text as YAML, and at which character. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly message: string;
}

/** Everything that keeps the documents of a file from being the one map of plain data that a job is. */
export function findSyntaxProblems(documents: readonly Document[]): SyntaxProblem[] {
  const [, second] = documents;
  return [
    ...documents.flatMap(({ errors }) =>
      errors.map((error) => ({ offset: error.pos[0], message: explainSyntax(firstLine(error.message)) })),
    ),
    ...documents.flatMap(findLooseAliases),
    ...(second === undefined
      ? []
      : [
          {
            offset: second.range?.[0] ?? 0,
            message: 'A second document starts here. Write one job per file.',
          },
        ]),
  ];
}

function explainSyntax(message: string): string {
  const what = message.replace(/ at line \d+, column \d+:?\s*$/, '').replace(/[:.]$/, '');
  if (what === 'Map keys must be unique') return 'This field stands here a second time. Keep one of them.';
  return `This is not proper YAML: ${what}. Check the indentation, and quote texts that hold : # { } or start with * & ! %.`;
}

/** `input: *.parquet` without quotes is an alias: to YAML it refers to something named before. */
function findLooseAliases(document: Document): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      const message = `"*${alias.source}" refers to nothing. Quote a text that starts with *.`;
      problems.push({ offset: alias.range?.[0] ?? 0, message });
    },
  });
  return problems;
}
