import { type Document, isScalar, visit } from 'yaml';
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
    ...documents.flatMap(findRepeatedKeys),
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
  if (what.startsWith('Maximum call stack')) return 'The lists and maps here are nested too deeply.';
  return `This is not proper YAML: ${what}. Check the indentation, and quote texts that hold : # { } or start with * & ! %.`;
}

/** `input: *.parquet` without quotes is an alias: to YAML it refers to something named before. */
function findLooseAliases(document: Document): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  visit(document, {
    Alias(_, alias, path) {
      const target = alias.resolve(document);
      const offset = alias.range?.[0] ?? 0;
      if (target === undefined)
        problems.push({
          offset,
          message: `"*${alias.source}" refers to nothing. Quote a text that starts with *.`,
        });
      else if (path.includes(target))
        problems.push({
          offset,
          message: `"*${alias.source}" stands inside what it refers to. Write the value out.`,
        });
    },
  });
  return problems;
}

function findRepeatedKeys(document: Document): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key) || key.value === '<<') continue;
        if (seen.has(key.value))
          problems.push({
            offset: key.range?.[0] ?? 0,
            message: 'This field stands here a second time. Keep one of them.',
          });
        seen.add(key.value);
      }
    },
  });
  return problems;
}
