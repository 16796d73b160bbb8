// ONNX Runtime 1.29 and later reports its use over the network unless this is set before it loads.
// Imported first by session.ts: modules are evaluated in the order of their imports.
process.env.ORT_DISABLE_TELEMETRY = '1';
