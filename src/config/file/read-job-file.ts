import { readlink } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { FileTooLargeError, NotAFileError, readTextFile } from '../../core/files/regular-file.ts';
import type { FieldPath } from './field-path.ts';
import { locateField, type Position } from './locate-field.ts';
import { findSyntaxProblems } from './yaml-syntax.ts';

/** Far more than anyone writes by hand; YAML of this size is still read in well under a second. */
const MAX_BYTES = 2 ** 18;

/** A job file that is proper YAML; nothing is known of its fields yet. */
export interface JobDocument {
  /** The file as messages name it. */
  readonly shownAs: string;
  readonly data: unknown;
  locate(path: FieldPath): Position;
}

/** Reads a job file. Throws `JOB_FILE` with file, line and column where it is no YAML. */
export async function readJobFile(file: string, projectFolder: string): Promise<JobDocument> {
  const shownAs = showFile(file, projectFolder);
  const lines = new LineCounter();
  const documents = parseAllDocuments(await readText(file, shownAs), {
    lineCounter: lines,
    // Checked in findSyntaxProblems: the library compares each key of a map with all others.
    uniqueKeys: false,
  });
  const [document] = documents;
  if (!Array.isArray(documents) || document === undefined)
    throw new ServeBatchError(
      'JOB_FILE',
      `${shownAs} is empty. Write at least the model, such as model: models/sales.onnx.`,
      { fields: { file: shownAs } },
    );
  checkSyntax(documents, lines, shownAs);
  return { shownAs, data: toData(document, shownAs), locate: (path) => locateField(document, lines, path) };
}

/** `jobs/sales.yaml` for a file inside the project, else the whole path. */
function showFile(file: string, projectFolder: string): string {
  const within = relative(projectFolder, file);
  return within.startsWith('..') || isAbsolute(within) ? file : within;
}

async function readText(file: string, shownAs: string): Promise<string> {
  try {
    return await readTextFile(file, MAX_BYTES);
  } catch (error) {
    throw new ServeBatchError('JOB_FILE', `The job file ${shownAs} ${await whyUnreadable(error, file)}`, {
      cause: error,
      fields: { file: shownAs },
    });
  }
}

async function whyUnreadable(error: unknown, file: string): Promise<string> {
  if (error instanceof NotAFileError) return `is ${error.kind}, not a file. Give the path of a YAML file.`;
  if (error instanceof FileTooLargeError)
    return `has ${error.bytes} bytes; a job file has at most ${MAX_BYTES}. Put long lists of values into a table, and long SQL into the model's features.`;
  if (systemErrorCode(error) === 'ENOENT') {
    const target = await readlink(file).catch(() => null);
    return target === null
      ? 'does not exist. Check its path.'
      : `is a link to ${target}, which does not exist. Delete the link, or mend it.`;
  }
  if (systemErrorCode(error) === 'ELOOP') return 'is a link that leads back to itself. Check the link.';
  return `cannot be read: ${String(error)}. Check its path and permissions.`;
}

function checkSyntax(documents: readonly Document[], lines: LineCounter, shownAs: string): void {
  const messages = findSyntaxProblems(documents).map(({ offset, message }) => {
    const { line, col } = lines.linePos(offset);
    return `${shownAs}:${line}:${col}  ${message}`;
  });
  if (messages.length > 0)
    throw new ServeBatchError('JOB_FILE', messages.join('\n'), {
      fields: { file: shownAs, problems: messages },
    });
}

/** Aliases that grow without end show only here. */
function toData(document: Document, shownAs: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServeBatchError('JOB_FILE', `${shownAs} cannot be read: ${why}. Use fewer aliases.`, {
      cause: error,
      fields: { file: shownAs },
    });
  }
}
