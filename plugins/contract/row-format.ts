/**
 * How a dialect's rows look on the wire (SBLR-R1). A plugin describes rows, it never writes one: the host makes a function of the
 * description and the encoders of the columns' types, which writes into the connection's output.
 *
 *   free | begin | length | head | value, between, value ... | end
 *                                  value: prefix and bytes, padded; NULL: nil
 *
 *   PostgreSQL  'D', length of 4 bytes that counts itself, number of columns; i32be before each value, NULL is -1
 *   MySQL       length of 4 bytes, of which the highest is the packet's number (WireConnection.leaving); lenenc before each value, NULL
 *               is 0xfb; binary rows have a bit for each NULL in front of the values, and lengths before those that vary
 *   COPY        nothing before and around; a delimiter between values, a line feed behind
 *
 * The encoders of the columns are named: 'text' is what the type's output function writes, 'binary' PostgreSQL's binary form, the others
 * MySQL's forms: conditions are 1 and 0, bytes are sent as they are, times with as many digits as the column has.
 */

export type ValueForm = 'text' | 'binary' | 'mysqlText' | 'mysqlBinary';

export interface LengthField {
  readonly bytes: 1 | 2 | 3 | 4;
  readonly littleEndian: boolean;
  /** It counts its own bytes, too. What lies in front of it is never counted. */
  readonly countsItself: boolean;
}

/** What stands before each value: its length. */
export type ValuePrefix = 'none' | 'u8' | 'u16le' | 'i32be' | 'lenenc';

/**
 * What becomes of values whose text has characters with a meaning in the format.
 *   backslash  COPY's text format: a backslash before the delimiter and itself, \n, \t ... for controls
 *   quotes     CSV: in quotes where it has the delimiter, a quote or the end of a line, or looks like NULL; `escape` before quotes
 */
export type Quoting =
  | { readonly kind: 'backslash'; readonly delimiter: number }
  | {
      readonly kind: 'quotes';
      readonly delimiter: number;
      readonly quote: number;
      readonly escape: number;
      /** Columns that are quoted whatever they hold. */
      readonly force: readonly boolean[];
    };

export interface RowDescription {
  /** Bytes that the plugin fills in itself, before each row. */
  readonly free?: number;
  readonly begin?: readonly number[];
  readonly length?: LengthField | null;
  readonly head?: readonly number[];
  readonly prefix?: ValuePrefix;
  /** Stands for a NULL, prefix and all. */
  readonly nil: readonly number[];
  readonly between?: readonly number[];
  /** Values, with their prefix, are filled up with zeros to a multiple of this. */
  readonly padding?: 1 | 2 | 4 | 8;
  readonly quoting?: Quoting | null;
  readonly end?: readonly number[];
  /** Bytes of the largest row, from its length field on: 54000 beyond. */
  readonly frameMax?: number;
  /** Encoder of each column. */
  readonly columns: readonly ValueForm[];
  /** NULLs are bits behind `head`, the first column's at this place, and no values; null: they are `nil`. */
  readonly nullBits?: number | null;
  /** Digits of the second that each column shows; left out: as many as there are. */
  readonly secondDigits?: readonly number[];
}

export interface RowFormat extends Required<RowDescription> {
  /** Formats with one key write rows alike: it is part of the key of the code made for it. */
  readonly key: string;
}

/** Completes a description. Made once a prepared statement and kept: its key is text. */
export function rowFormat(given: RowDescription): RowFormat {
  const full = {
    free: 0,
    begin: [],
    length: null,
    head: [],
    prefix: 'none',
    between: [],
    padding: 1,
    quoting: null,
    end: [],
    frameMax: 0x3fffffff,
    nullBits: null,
    secondDigits: [],
    ...given,
  } as const;
  return { ...full, key: JSON.stringify(full) };
}
