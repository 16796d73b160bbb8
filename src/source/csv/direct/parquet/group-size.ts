/** Rows of a row group: as many as a shard has where the job says nothing else. */
export const GROUP_ROWS = 122_880;
/** Bytes of its lines up to which it is held in memory. */
export const MOST_PIECE_BYTES = 48 << 20;
/** Different values of a column up to which a row group has a dictionary of them. */
export const MOST_ENTRIES = 4_096;
/** Of the hash table that finds them: a power of two. */
export const SLOTS = 4 * MOST_ENTRIES;
