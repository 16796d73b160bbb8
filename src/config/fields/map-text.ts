/** Replaces a text of a job; `where` is its field, for messages. */
export type MapText = (text: string, where: string) => string;
