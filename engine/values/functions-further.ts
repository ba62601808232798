/** Primitives of rows as they are stored, access privileges, zones, and single ones of other kinds (engine/sblr/primitives-further.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ArrayValue, RecordValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { isNested } from '../storage/rows/nested-value.ts';
import { comparisonFor } from './compare-nested.ts';
import { compareTexts } from './compare.ts';
import type { ValueContext } from './context.ts';
import { badParameter } from './errors.ts';
import type { Implementation } from './functions.ts';
import { offsetAtInstant, zoneAbbreviation, zoneOf } from './time-zone.ts';

/** How many thresholds are not above the value. */
function widthBucket(value: RowValue, thresholds: ArrayValue, type: string): number {
  if (thresholds.lengths.length > 1)
    throw new SqlError(SQLSTATE.array_subscript_error, 'thresholds must be one-dimensional array');
  if (thresholds.items.includes(null))
    throw new SqlError(SQLSTATE.null_value_not_allowed, 'thresholds array must not contain NULLs');
  const compare = comparisonFor(type) as unknown as (a: RowValue, b: RowValue) => number;
  let low = 0;
  let high = thresholds.items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(value, thresholds.items[middle]) < 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The same in form, not only equal: 1.0 is not 1.00. */
function isSame(a: RowValue, b: RowValue): boolean {
  if (isNested(a) && isNested(b)) {
    if (a.kind === 'record' && b.kind === 'record') {
      const { fields } = b;
      return a.fields.length === fields.length && a.fields.every((field, index) => isSame(field, fields[index]));
    }
    return JSON.stringify(a, plainly) === JSON.stringify(b, plainly);
  }
  if (typeof a === 'object' && typeof b === 'object') return JSON.stringify(a, plainly) === JSON.stringify(b, plainly);
  return Object.is(a, b);
}
const plainly = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;

function checkRecords(a: RecordValue, b: RecordValue): void {
  if (a.types.length !== b.types.length)
    throw new SqlError(SQLSTATE.datatype_mismatch, 'cannot compare record types with different numbers of columns');
}

/** An order of rows by what they are stored as: one that is equal only where the forms are. */
function imageOrder(a: RecordValue, b: RecordValue): number {
  checkRecords(a, b);
  for (const [index, left] of a.fields.entries()) {
    const right = b.fields[index];
    if (isSame(left, right)) continue;
    if (left === null || right === null) return left === null ? 1 : -1;
    const isWhole = (value: RowValue): value is number | bigint => typeof value === 'bigint' || Number.isSafeInteger(value);
    if (isWhole(left) && isWhole(right)) {
      return BigInt.asUintN(64, BigInt(left)) < BigInt.asUintN(64, BigInt(right)) ? -1 : 1;
    }
    return compareTexts(imageOf(left), imageOf(right));
  }
  return 0;
}
const imageOf = (value: RowValue): string => (typeof value === 'string' ? value : (JSON.stringify(value, plainly) ?? ''));

// ---- access privileges ----

const LETTERS: { readonly [right: string]: string } = {
  INSERT: 'a',
  SELECT: 'r',
  UPDATE: 'w',
  DELETE: 'd',
  TRUNCATE: 'D',
  REFERENCES: 'x',
  TRIGGER: 't',
  EXECUTE: 'X',
  USAGE: 'U',
  CREATE: 'C',
  TEMPORARY: 'T',
  TEMP: 'T',
  CONNECT: 'c',
  SET: 's',
  'ALTER SYSTEM': 'A',
};
const IN_ORDER = 'arwdDxtXUCTcsA';

function makeAcl(grantee: number, grantor: number, rights: string, grantable: boolean, context: ValueContext): string {
  const nameOf = (id: number): string => context.types?.objectName('regrole', id) ?? String(id);
  const given = new Set<string>();
  for (const part of rights.split(',')) {
    const letter = LETTERS[part.trim().toUpperCase()];
    if (letter === undefined) throw badParameter(`unrecognized privilege type: "${part.trim()}"`);
    given.add(letter);
  }
  const letters = [...IN_ORDER].filter((letter) => given.has(letter)).map((letter) => (grantable ? `${letter}*` : letter));
  return `${grantee === 0 ? '' : nameOf(grantee)}=${letters.join('')}/${nameOf(grantor)}`;
}

function aclContains({ items }: ArrayValue, wanted: string): boolean {
  const partsOf = (item: string): readonly string[] => [item.slice(0, item.lastIndexOf('=')), item.slice(item.lastIndexOf('/'))];
  const rightsOf = (item: string): readonly string[] =>
    item.slice(item.lastIndexOf('=') + 1, item.lastIndexOf('/')).match(/.\*?/g) ?? [];
  const holds = (item: string): boolean => {
    const own = rightsOf(item);
    return rightsOf(wanted).every((right) => own.includes(right) || own.includes(`${right}*`));
  };
  const [grantee, grantor] = partsOf(wanted);
  return (items as readonly string[]).some((item) => {
    const [theirs, by] = partsOf(item);
    return theirs === grantee && by === grantor && holds(item);
  });
}

const COLLATED: { readonly [type: string]: string } = {
  text: '"default"',
  varchar: '"default"',
  char: '"default"',
  name: '"C"',
};

const table: { [primitive: string]: Implementation } = {
  'array.widthBucket': widthBucket,
  'any.collation': (_: RowValue, type: string) => {
    const found = COLLATED[type];
    if (found === undefined) throw new SqlError(SQLSTATE.datatype_mismatch, `collations are not supported by type ${type}`);
    return found;
  },
  'record.same': (a: RecordValue, b: RecordValue) => {
    checkRecords(a, b);
    return isSame(a, b);
  },
  'record.notSame': (a: RecordValue, b: RecordValue) => {
    checkRecords(a, b);
    return !isSame(a, b);
  },
  'record.imageLess': (a: RecordValue, b: RecordValue) => imageOrder(a, b) < 0,
  'record.imageLessOrEqual': (a: RecordValue, b: RecordValue) => imageOrder(a, b) <= 0,
  'record.imageGreater': (a: RecordValue, b: RecordValue) => imageOrder(a, b) > 0,
  'record.imageGreaterOrEqual': (a: RecordValue, b: RecordValue) => imageOrder(a, b) >= 0,
  'aclitem.make': makeAcl,
  'aclitem.contains': aclContains,
  // As PostgreSQL says of them.
  'aclitem.insert': () => {
    throw new SqlError(SQLSTATE.feature_not_supported, 'aclinsert is no longer supported');
  },
  'aclitem.remove': () => {
    throw new SqlError(SQLSTATE.feature_not_supported, 'aclremove is no longer supported');
  },
  'session.clientAddress': (context: ValueContext) => context.connection?.clientAddress ?? null,
  'session.clientPort': (context: ValueContext) => context.connection?.clientPort ?? null,
  'session.serverAddress': (context: ValueContext) => context.connection?.serverAddress ?? null,
  'session.serverPort': (context: ValueContext) => context.connection?.serverPort ?? null,
};
export const furtherFunctions: { readonly [primitive: string]: Implementation } = table;

// ---- rows ----

/** name=value, or a name alone. */
const option =
  (part: (text: string) => string | null) =>
  ({ items }: ArrayValue): (() => RowValue | undefined) => {
    let at = 0;
    return () => (at < items.length ? part(String(items[at++] ?? '')) : undefined);
  };
/** Of each zone something as of now. */
const ofZones =
  (part: (name: string, context: ValueContext) => RowValue) =>
  (context: ValueContext): (() => RowValue | undefined) => {
    const names = Intl.supportedValuesOf('timeZone');
    let at = 0;
    return () => (at < names.length ? part(names[at++], context) : undefined);
  };
const HALF_YEAR = 15_778_800_000_000;
const offsetOf = (name: string, instant: number): number => offsetAtInstant(zoneOf(name), instant);
function isSummer(name: string, { transactionTime }: ValueContext): boolean {
  return offsetOf(name, transactionTime) > Math.min(offsetOf(name, transactionTime), offsetOf(name, transactionTime + HALF_YEAR));
}

export const furtherSetFunctions = {
  'zone.names': ofZones((name) => name),
  'zone.abbreviations': ofZones((name, { transactionTime }) => zoneAbbreviation(zoneOf(name), transactionTime)),
  'zone.offsets': ofZones((name, { transactionTime }) => ({
    months: 0,
    days: 0,
    microseconds: offsetOf(name, transactionTime) * 1_000_000,
  })),
  'zone.summers': ofZones(isSummer),
  'text.option.name': option((text) => text.replace(/=[\s\S]*$/, '')),
  'text.option.value': option((text) => (text.includes('=') ? text.slice(text.indexOf('=') + 1) : null)),
};
