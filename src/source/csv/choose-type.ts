import { LONG_INTEGER_TYPE } from '../formats/parquet-type.ts';
import { CELL_TYPES, type CellType } from './cell-types.ts';

/** What the cells of a column are, those that are null aside. */
export interface CellCounts {
  readonly cells: number;
  /** Cells that have the type, by type. */
  readonly valid: Readonly<Record<CellType, number>>;
  /** Different texts among the cells that do not have the type, by type; those above {@link FEW_TEXTS} need not be counted. */
  readonly badTexts: Readonly<Record<CellType, number>>;
  /** Cells of digits with a zero before them: 007. */
  readonly zeroLed: number;
  /** Whether all cells have as many characters. */
  readonly sameLength: boolean;
}

/** Words for "nothing" that one export has: `n/a`, `NULL`, `-`. */
const FEW_TEXTS = 3;
const MOST_BAD = 0.1;
const MOST_BAD_OF_FEW_TEXTS = 0.5;
const LEAST_INTEGERS = 0.5;
const MOST_ZERO_LED = 0.1;
const MOST_ZERO_LED_OF_SAME_LENGTH = 0.01;

/**
 * The type of a column. The first type that all cells have. Otherwise the one that most cells have, where
 * what is left looks like dirt: at most a tenth of the cells, or less than half of them with at most three
 * texts. Otherwise text. Digits of one length of which some begin with 0 are codes, which are text.
 *
 * Where `integers` are wanted, and at least half of the cells are, the column is one of integers.
 */
export function chooseType(counts: CellCounts, wanted: 'integers' | 'any' = 'any'): CellType | 'VARCHAR' {
  const { cells, valid, badTexts, zeroLed } = counts;
  if (cells === 0) return 'VARCHAR';
  if (wanted === 'integers' && valid[LONG_INTEGER_TYPE] >= cells * LEAST_INTEGERS)
    return valid.BIGINT === valid[LONG_INTEGER_TYPE] ? 'BIGINT' : LONG_INTEGER_TYPE;
  const whole = CELL_TYPES.find((type) => valid[type] === cells);
  if (whole !== undefined) return whole;
  if (isCode(counts) || zeroLed > cells * MOST_ZERO_LED) return 'VARCHAR';
  const best = CELL_TYPES.reduce((known, type) => (valid[type] > valid[known] ? type : known));
  const bad = cells - valid[best];
  if (valid[best] === 0) return 'VARCHAR';
  const isDirt =
    bad <= cells * MOST_BAD || (bad < cells * MOST_BAD_OF_FEW_TEXTS && badTexts[best] <= FEW_TEXTS);
  return isDirt ? best : 'VARCHAR';
}

function isCode({ cells, zeroLed, sameLength }: CellCounts): boolean {
  return sameLength && zeroLed > 0 && zeroLed >= cells * MOST_ZERO_LED_OF_SAME_LENGTH;
}
