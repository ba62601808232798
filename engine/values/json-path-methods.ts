/** Methods of items in paths: .type(), .double(), .keyvalue(). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { formatDecimal, parseDecimalText } from './decimal.ts';
import { float8Text, parseFloat8 } from './floats.ts';
import { eachValue, itemAt, type JsonItem, stringOf, textOfItem } from './json-item.ts';
import { PathFault } from './json-path-fault.ts';

const DATETIMES: { readonly [type: string]: string } = {
  date: 'date',
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

export const typeNameOf = ({ kind, type }: JsonItem): string => (kind === 'datetime' ? DATETIMES[type as string] : kind);

const notDouble = (what: string): PathFault => new PathFault(SQLSTATE.non_numeric_sql_json_item, what);

/** .double(): the number, as a float8 holds it. */
export function numberOf(item: JsonItem): string {
  if (item.kind !== 'number' && item.kind !== 'string')
    throw notDouble('jsonpath item method .double() can only be applied to a string or numeric value');
  const text = item.kind === 'string' ? stringOf(item) : textOfItem(item);
  let value: number;
  try {
    value = parseFloat8(text);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw notDouble(
      item.kind === 'number'
        ? `argument "${text}" of jsonpath item method .double() is invalid for type double precision`
        : `argument "${text}" of jsonpath item method .double() is invalid for type double precision`,
    );
  }
  if (!Number.isFinite(value)) throw notDouble('NaN or Infinity is not allowed for jsonpath item method .double()');
  return item.kind === 'number' ? text : formatDecimal(parseDecimalText(float8Text(value)));
}

const OBJECT_NUMBERS = 10_000_000_000;

/** .keyvalue(): of each member key, value, and a number of the object that is its own in the document. */
export function keyValues(item: JsonItem, root: JsonItem, sink: (item: JsonItem) => boolean): boolean {
  const id = item.text === root.text ? item.start : OBJECT_NUMBERS + item.start;
  return eachValue(item, (value, key) => sink(itemAt(`{"id": ${id}, "key": ${key}, "value": ${textOfItem(value)}}`)));
}
