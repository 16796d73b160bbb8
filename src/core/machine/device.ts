/** Where a model can be computed. */
export const DEVICES = ['cpu', 'cuda', 'tensorrt', 'webgpu', 'directml', 'coreml'] as const;
export type Device = (typeof DEVICES)[number];
export type GpuDevice = Exclude<Device, 'cpu'>;

/** What a job may ask for; `auto`: the program finds the best that this machine has. */
export const DEVICE_CHOICES = ['auto', ...DEVICES] as const;
export type DeviceChoice = (typeof DEVICE_CHOICES)[number];

export type DeviceOption = string | number | boolean | readonly string[];

/** Options of a device, as onnxruntime-node takes them. */
export type DeviceOptions = Readonly<Record<string, DeviceOption>>;

/** The device of a run, part of its plan: another device may give other last bits. */
export interface DevicePlan {
  readonly name: Device;
  readonly options: DeviceOptions;
  /** The graphics card, as far as it can be seen; null: it cannot, or there is none. */
  readonly adapter: string | null;
  /** Nodes of the graph that the device leaves to the CPU; null where that cannot be known. */
  readonly cpuNodes: number | null;
  /** What `auto` looked at before it, and why each was not taken. */
  readonly passedOver: readonly PassedOver[];
}

export interface PassedOver {
  readonly device: GpuDevice;
  readonly why: string;
}

export const CPU: DevicePlan = { name: 'cpu', options: {}, adapter: null, cpuNodes: null, passedOver: [] };

/** The execution provider of ONNX Runtime that computes on a device. */
export const PROVIDERS: Readonly<Record<Device, string>> = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  directml: 'DmlExecutionProvider',
  coreml: 'CoreMLExecutionProvider',
};

const BUFFER_CACHES = ['disabled', 'lazyRelease', 'simple', 'bucket'] as const;
const DEVICE_ID: OptionKind = { kind: 'wholeNumber' };

export type OptionKind =
  | { readonly kind: 'wholeNumber' }
  | { readonly kind: 'switch' }
  | { readonly kind: 'names' }
  | { readonly kind: 'choice'; readonly values: readonly string[] };

/**
 * The options that onnxruntime-node 1.30 reads for each device (js/node/src/session_options_helper.cc, and
 * what the WebGPU provider does not refuse). It ignores others of most devices, so that they are refused
 * here: fp16, for one, cannot be asked for from Node.
 */
export const DEVICE_OPTIONS: Readonly<Record<Device, Readonly<Record<string, OptionKind>>>> = {
  cpu: {},
  cuda: { deviceId: DEVICE_ID },
  tensorrt: { deviceId: DEVICE_ID },
  directml: { deviceId: DEVICE_ID },
  coreml: { coreMlFlags: { kind: 'wholeNumber' } },
  webgpu: {
    preferredLayout: { kind: 'choice', values: ['NCHW', 'NHWC'] },
    forceCpuNodeNames: { kind: 'names' },
    validationMode: { kind: 'choice', values: ['disabled', 'wgpuOnly', 'basic', 'full'] },
    enableRobustness: { kind: 'switch' },
    storageBufferCacheMode: { kind: 'choice', values: BUFFER_CACHES },
    uniformBufferCacheMode: { kind: 'choice', values: BUFFER_CACHES },
    queryResolveBufferCacheMode: { kind: 'choice', values: BUFFER_CACHES },
    defaultBufferCacheMode: { kind: 'choice', values: BUFFER_CACHES },
  },
};

/** What was expected in place of an option of a device, as the end of a sentence; null: it is fine. */
export function expectedOption(device: DeviceChoice, name: string, value: unknown): string | null {
  if (device === 'auto') return 'no options where no device is named. Write for example device: webgpu.';
  const kinds = DEVICE_OPTIONS[device];
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) {
    const names = Object.keys(kinds);
    return names.length === 0
      ? `no options: ${device} takes none.`
      : `an option of ${device}: ${names.join(', ')}.`;
  }
  return fits(kind, value) ? null : `${expectedOf(kind)}.`;
}

function fits(kind: OptionKind, value: unknown): boolean {
  switch (kind.kind) {
    case 'wholeNumber':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    case 'switch':
      return typeof value === 'boolean';
    case 'names':
      return Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');
    case 'choice':
      return typeof value === 'string' && kind.values.includes(value);
  }
}

function expectedOf(kind: OptionKind): string {
  switch (kind.kind) {
    case 'wholeNumber':
      return 'a whole number, at least 0';
    case 'switch':
      return 'true or false';
    case 'names':
      return 'a list of names of nodes';
    case 'choice':
      return `${kind.values.slice(0, -1).join(', ')} or ${kind.values.at(-1)}`;
  }
}
