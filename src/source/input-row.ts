/** A column that every relation of rows can carry: the row's number in the whole input, from 0. */
export const INPUT_ROW = 'input_row';
