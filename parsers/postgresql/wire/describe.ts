/** How a statement's rows are described to the client and written for it: made once a statement and set of forms. */

import type { HostPortal, HostStatement, WireColumn } from '../../../plugins/contract/connection.ts';
import { Output } from '../../../plugins/contract/output.ts';
import type { RowFormat, ValueForm } from '../../../plugins/contract/row-format.ts';
import { dataRows } from '../row-formats.ts';
import { typeModifier } from '../../../engine/sblr/type-modifier.ts';
import { typeLength, typeOid } from '../types.ts';
import { putNoData, putRowDescription } from './write.ts';

/** Of one statement and one set of forms. */
export interface Described {
  readonly columns: readonly WireColumn[];
  readonly format: RowFormat;
  /** RowDescription, or NoData. */
  readonly message: Buffer;
}

function describe(columns: readonly WireColumn[], forms: readonly ValueForm[]): Described {
  const output = new Output(4096, 256);
  if (columns.length === 0) putNoData(output);
  else {
    putRowDescription(
      output,
      columns.map(({ name, type, table, attribute }, index) => ({
        ...{ name, table, attribute },
        oid: typeOid(type.name),
        length: typeLength(type.name),
        modifier: typeModifier(type),
        isBinary: forms[index] === 'binary',
      })),
    );
  }
  return { columns, format: dataRows(forms), message: output.take() };
}

/** By the columns that it is of, which are another array when they have changed; then by the forms. */
const known = new WeakMap<readonly WireColumn[], Map<string, Described>>();

/** `key`: 'T' for all in text form, 'B' for all in binary form, or a letter for each column. */
export function described(statement: HostStatement, key: string): Described {
  const { columns } = statement;
  let ofColumns = known.get(columns);
  if (ofColumns === undefined) {
    ofColumns = new Map();
    known.set(columns, ofColumns);
  }
  let found = ofColumns.get(key);
  if (found === undefined) {
    const forms = columns.map((_, index): ValueForm => ((key.length === 1 ? key : key[index]) === 'B' ? 'binary' : 'text'));
    found = describe(columns, forms);
    ofColumns.set(key, found);
  }
  return found;
}

/** True when clients that were told of the one may be given the other. */
export const sameColumns = (a: readonly WireColumn[], b: readonly WireColumn[]): boolean =>
  a === b ||
  (a.length === b.length &&
    a.every(({ name, type }, index) => {
      const other = b[index];
      return (
        name === other.name &&
        type.name === other.type.name &&
        type.length === other.type.length &&
        type.scale === other.type.scale
      );
    }));

/** What tells how many rows it changed; SELECT tells how many it gave. */
const COUNTED = ['UPDATE', 'DELETE', 'MERGE', 'FETCH', 'MOVE', 'COPY'];

const TAGS_MAX = 64;
/** 'SELECT 1' and the like, made once. */
const small = new Map<string, string[]>();

/** The text of CommandComplete. */
export function completion({ tag, rows, changes }: Pick<HostPortal, 'tag' | 'rows' | 'changes'>): string {
  if (tag === 'SELECT') return counted(tag, rows);
  if (tag === 'INSERT') return counted('INSERT 0', changes);
  return COUNTED.includes(tag) ? counted(tag, changes) : tag;
}

function counted(tag: string, count: number): string {
  if (count >= TAGS_MAX) return `${tag} ${count}`;
  let texts = small.get(tag);
  if (texts === undefined) {
    texts = Array.from({ length: TAGS_MAX }, (_, number) => `${tag} ${number}`);
    small.set(tag, texts);
  }
  return texts[count];
}
