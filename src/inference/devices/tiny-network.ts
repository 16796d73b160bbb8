/**
 * A network of 4 inputs, 8 neurons and 1 output, `[rows, 4]` to `[rows, 1]`, to try a device with where
 * there is no model. A test makes it again from its layers and compares.
 */
const BASE64 =
  'CAhCAhAROrgDChkKAXgKAncxEghwcm9kdWN0MSIGTWF0TXVsChkKCHByb2R1Y3QxCgJiMRIEc3VtMSIDQWRkChUKBHN1bTESB2FjdGl2ZTEiBFJlbHUKHwoHYWN0aXZlMQoCdzISCHByb2R1Y3QyIgZNYXRNdWwKFgoIcHJvZHVjdDIKAmIyEgF5IgNBZGQSBHRlc3QqjQEIBAgIEAFCAncxSoABmWK4PmTSxT2hAou91suuvpto+D7QLsI+CZy4O9QAED1SzAU9O1w4v27VDT5FrSo+eJEXvlwKBj+5hnS+s17uvYhdyb66IDs/N0ShPpRfDD8GJwc/G1Avv6uzRD4MeSY/iMfQvpYszD5EiwS/JyseP/xM977VEXC+MKHDPR8iS74qKggIEAFCAmIxSiCtCHk+2L4TvkraMr4xJ5y+OjcUviZctb75Vqy+HWS5viosCAgIARABQgJ3MkogEWXnvqF1E758/TK+EV7vPnt6JD1wWJU9T36QPZiAoj0qDggBEAFCAmIySgR3Y0C+WhcKAXgSEgoQCAESDAoGEgRyb3dzCgIIBGIXCgF5EhIKEAgBEgwKBhIEcm93cwoCCAE=';

export const TINY_NETWORK = { name: 'the test network', inputs: 4, input: 'x', output: 'y' } as const;

export function tinyNetwork(): Uint8Array {
  return Buffer.from(BASE64, 'base64');
}
