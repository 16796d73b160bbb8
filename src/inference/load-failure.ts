import { runtimeReason } from './runtime-reason.ts';

interface KnownReason {
  readonly reason: RegExp;
  /** What to say instead of ONNX Runtime's sentence, with what to do. */
  readonly says: (found: readonly string[]) => string;
}

const OLDER = 'Export the model for an older ONNX, or use a serve-batch with a newer ONNX Runtime';

const KNOWN: readonly KnownReason[] = [
  {
    reason: /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    says: ([own, most]) =>
      `it has the IR version ${own}, and this ONNX Runtime reads up to ${most}. ${OLDER}.`,
  },
  {
    reason: /Opset (\d+) is under development .* domain (\S+) is till opset (\d+)/,
    says: ([own, domain, most]) =>
      `it needs opset ${own} of ${domain}, and this ONNX Runtime knows up to ${most}. ${OLDER}.`,
  },
  {
    reason: /External data path does not exist: "([^"]*)"/,
    says: ([file]) =>
      `its weights should lie in ${file}, which does not exist. Put that file beside the model: an export with external data consists of both.`,
  },
];

/** Why ONNX Runtime does not load a model, and what to do, without a subject: `it needs opset 99 ...`. */
export function loadFailure(error: unknown): string {
  const reason = runtimeReason(error);
  for (const known of KNOWN) {
    const found = known.reason.exec(reason);
    if (found !== null) return known.says(found.slice(1));
  }
  return `${reason}. Expected an ONNX model whose operators ONNX Runtime knows and whose external data lies beside it; check the export (opset, operators, files).`;
}
