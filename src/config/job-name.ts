export const JOB_NAME_PATTERN = /^[a-z0-9][a-z0-9_-]*$/;
export const JOB_NAME_EXPECTED =
  'lower-case letters, digits, "-" and "_", a letter or digit first. Write for example daily-sales.';
