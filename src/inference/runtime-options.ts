import { executionProviders } from './devices/execution-providers.ts';
import type { SessionOptions } from './model-session.ts';
import type { InferenceSession } from './onnxruntime.ts';

/** The options of ONNX Runtime's own session: whoever opens a model twice opens it alike. */
export function runtimeOptions({
  threads,
  device,
  wholly = false,
  profilePrefix,
}: SessionOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders(device),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    // Spinning threads would take the cores from the other children. ONNX Runtime wants text here.
    extra: {
      session: { intra_op: { allow_spinning: '0' }, ...(wholly ? { disable_cpu_ep_fallback: '1' } : {}) },
    },
    ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
  };
}
