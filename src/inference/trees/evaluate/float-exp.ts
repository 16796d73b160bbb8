/**
 * `expf` as glibc has it since 2.27, with which ONNX Runtime computes post transforms: float64 arithmetic over a
 * table of powers of two, rounded to float32 at the end. Its version for processors with fused multiply-add gives
 * the same for every float32 but two, which stand below.
 */

/** Powers of two, from 0 to 31/32, as their bits less the exponent that the step adds. */
const TABLE = new BigUint64Array([
  0x3ff0000000000000n,
  0x3fefd9b0d3158574n,
  0x3fefb5586cf9890fn,
  0x3fef9301d0125b51n,
  0x3fef72b83c7d517bn,
  0x3fef54873168b9aan,
  0x3fef387a6e756238n,
  0x3fef1e9df51fdee1n,
  0x3fef06fe0a31b715n,
  0x3feef1a7373aa9cbn,
  0x3feedea64c123422n,
  0x3feece086061892dn,
  0x3feebfdad5362a27n,
  0x3feeb42b569d4f82n,
  0x3feeab07dd485429n,
  0x3feea47eb03a5585n,
  0x3feea09e667f3bcdn,
  0x3fee9f75e8ec5f74n,
  0x3feea11473eb0187n,
  0x3feea589994cce13n,
  0x3feeace5422aa0dbn,
  0x3feeb737b0cdc5e5n,
  0x3feec49182a3f090n,
  0x3feed503b23e255dn,
  0x3feee89f995ad3adn,
  0x3feeff76f2fb5e47n,
  0x3fef199bdd85529cn,
  0x3fef3720dcef9069n,
  0x3fef5818dcfba487n,
  0x3fef7c97337b9b5fn,
  0x3fefa4afa2a490dan,
  0x3fefd0765b6e4540n,
]);
/** The high words, of which the step changes the exponent, and the low words. */
const HIGH = new Int32Array(32);
const LOW = new Int32Array(32);
TABLE.forEach((bits, index) => {
  HIGH[index] = Number(BigInt.asIntN(32, bits >> 32n));
  LOW[index] = Number(BigInt.asIntN(32, bits));
});

const STEPS = 32;
const STEPS_PER_UNIT = Math.LOG2E * STEPS;
/** Added and taken away again, it rounds to whole numbers, halves to even. */
const SHIFT = 1.5 * 2 ** 52;
const C0 = 0.05550361559341535 / STEPS / STEPS / STEPS;
const C1 = 0.2402284522445722 / STEPS / STEPS;
/** Near the logarithm of 2, but not it. */
const C2 = 0.6931471806916203 / STEPS;

const OVERFLOW = 88.72283172607422;
const UNDERFLOW = -103.97207641601562;

/**
 * Where the version with fused multiply-add, which every processor of the last ten years has, rounds otherwise.
 * The guard asks ONNX Runtime for the second one, since a softmax may come to it.
 */
const FUSED_LOW = { value: -63.09946060180664, result: 3.946866735154823e-28 } as const;
const FUSED_HIGH = { value: 32.564632415771484, result: 138880149880832 } as const;

const scale = new Float64Array(1);
const scaleWords = new Int32Array(scale.buffer);

/** `value` is a float32, and so is the result. */
export function expFloat32(value: number): number {
  if (Number.isNaN(value)) return value;
  if (value > OVERFLOW) return Number.POSITIVE_INFINITY;
  if (value < UNDERFLOW) return 0;
  const scaled = STEPS_PER_UNIT * value;
  const step = scaled + SHIFT - SHIFT;
  const rest = scaled - step;
  const index = step & (STEPS - 1);
  // The step in the exponent's place: its lowest five bits are those of the index, which the table takes away.
  scaleWords[0] = LOW[index] as number;
  scaleWords[1] = ((HIGH[index] as number) + (step << 15)) | 0;
  const square = rest * rest;
  const result = ((C0 * rest + C1) * square + (C2 * rest + 1)) * (scale[0] as number);
  if (value === FUSED_LOW.value) return FUSED_LOW.result;
  return value === FUSED_HIGH.value ? FUSED_HIGH.result : Math.fround(result);
}
