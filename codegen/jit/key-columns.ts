/**
 * Columns of sorted rows that are read back from the bytes of their keys, and kept nowhere else: words, and a text. They can be found
 * there where all other keys have as many bytes in all rows; none of them is ever NULL then.
 *
 *   key   [words and doubles][text][0 0][words and doubles]        the zeros only where something follows
 */

import type { BoundSortKey, ColumnId } from '../../engine/sblr/bound.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import type { KeyForm } from './sort-keys.ts';
import { makeValue } from './value.ts';

/** Where a column lies: so many bytes behind the beginning of the key, or before its end. */
interface Place {
  readonly form: KeyForm;
  readonly before: number;
  readonly after: number;
  readonly isBehindText: boolean;
}

const BYTES: { readonly [form in KeyForm['form']]?: number } = { word: 4, double: 8, long: 8 };
const TEXTS = new Set(['text', 'varchar']);
/** Behind a text that something follows. */
const END_BYTES = 2;

/** Columns that can be read from keys of these forms. */
export function keyColumns(keys: readonly BoundSortKey[], forms: readonly KeyForm[]): ReadonlyMap<ColumnId, Place> {
  const places = new Map<ColumnId, Place>();
  const texts = forms.filter(({ form }) => form === 'text');
  const areFixed = forms.every(({ form, nullable }) => !nullable && (form === 'text' || BYTES[form] !== undefined));
  if (!areFixed || texts.length > 1 || texts.some(({ type, descending }) => descending || !TEXTS.has(type.name))) return places;
  const sizes = forms.map(({ form, isLast }) => BYTES[form] ?? (isLast ? 0 : END_BYTES));
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const text = forms.findIndex(({ form }) => form === 'text');
  let before = 0;
  forms.forEach((form, at) => {
    const { expression } = keys[at];
    const isRead = expression.op === 'column' && (form.form === 'word' || form.form === 'text');
    if (isRead) places.set(expression.column, { form, before, after: total - before, isBehindText: text >= 0 && at > text });
    before += sizes[at];
  });
  return places;
}

/** Readers of such columns; `sorter`: the local of the RowSorter, `row`: the local with the number of a row. */
export function keyReaders(
  places: ReadonlyMap<ColumnId, Place>,
  sorter: (emitter: Emitter) => string,
  row: string,
): Map<ColumnId, ColumnReader> {
  const readers = new Map<ColumnId, ColumnReader>();
  for (const [column, { form, before, after, isBehindText }] of places) {
    readers.set(column, (emitter) => {
      const name = sorter(emitter);
      const keys = emitter.hoist(`${name}_kb`, `${name}.keys`);
      const ends = emitter.hoist(`${name}_ke`, `${name}.ends`);
      if (form.form === 'text') {
        const texts = emitter.hoist(`${name}_kt`, `${name}.keysText`);
        const length = `${ends}[${row}]-${ends}[${row}-1]-${before + after}`;
        const read = `${emitter.unit.use('readText')}(${keys},${texts},${ends}[${row}-1]+${before},${length})`;
        return makeValue('v', form.type, emitter.hold(read), 'false');
      }
      const at = emitter.hold(isBehindText ? `${ends}[${row}]-${after}` : `${ends}[${row}-1]+${before}`);
      const flip = form.descending ? 0x7fffffff : -0x80000000;
      const word = `(${keys}[${at}]<<24|${keys}[${at}+1]<<16|${keys}[${at}+2]<<8|${keys}[${at}+3])^${flip}`;
      return makeValue('i', form.type, emitter.hold(word), 'false', 0, form.type.digits);
    });
  }
  return readers;
}
