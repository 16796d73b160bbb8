/** Of a file with secrets: nobody but its owner and the group. */
const SECRET_MODE = 0o640;

/** The mode of a new file: undefined, for what the process gives to all, where `mask` finds no secret in its text. */
export function secretMode(text: string, mask: (text: string) => string): number | undefined {
  return mask(text) === text ? undefined : SECRET_MODE;
}
