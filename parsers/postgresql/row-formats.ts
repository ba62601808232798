/** PostgreSQL's rows as descriptions (SBLR-R1): DataRow messages of protocol 3, and the rows of COPY. */

import { type RowFormat, rowFormat, type ValueForm } from '../../plugins/contract/row-format.ts';

/** 'D', length, number of columns; before each value its length, -1 for NULL. */
export function dataRows(forms: readonly ValueForm[]): RowFormat {
  return rowFormat({
    begin: [0x44],
    length: { bytes: 4, littleEndian: false, countsItself: true },
    head: [forms.length >> 8, forms.length & 0xff],
    prefix: 'i32be',
    nil: [0xff, 0xff, 0xff, 0xff],
    columns: forms,
  });
}
