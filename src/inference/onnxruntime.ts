import './disable-telemetry.ts';

// Nobody imports onnxruntime-node but from here, so that nobody loads it before its telemetry is switched off.
export { InferenceSession, Tensor } from 'onnxruntime-node';
