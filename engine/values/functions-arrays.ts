/** Primitives of arrays (engine/sblr/primitives-arrays.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ArrayValue, RecordValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import {
  append,
  arrayOfItems,
  type Bounds,
  concatenate,
  containsAll,
  emptyArray,
  filled,
  haveCommon,
  itemAt,
  positionOf,
  positionsOf,
  prepend,
  replaceItem,
  sliceOf,
  stackArrays,
  trimmed,
  withItem,
  withoutItem,
  withSlice,
} from './arrays.ts';
import type { ValueContext } from './context.ts';
import type { Implementation } from './functions.ts';
import { outputText } from './functions-casts.ts';

type Array = ArrayValue;

/** 'lu' both bounds are given, '-u' and 'l-' one, '--' none: two letters a dimension; the given ones one by one. */
function boundsOf(forms: string, given: readonly (number | null)[]): Bounds[] {
  const bounds: Bounds[] = [];
  let at = 0;
  for (let index = 0; index < forms.length; index += 2) {
    const lower = forms[index] === 'l' ? (given[at++] as number) : null;
    const upper = forms[index + 1] === 'u' ? (given[at++] as number) : null;
    bounds.push({ lower, upper });
  }
  return bounds;
}

const nullSubscript = (): SqlError =>
  new SqlError(SQLSTATE.null_value_not_allowed, 'array subscript in assignment must not be null');

function dimension({ lengths, lowers }: Array, which: number): { length: number; lower: number } | null {
  if (which < 1 || which > lengths.length) return null;
  return { length: lengths[which - 1], lower: lowers[which - 1] };
}

/** 22004 */
function concatNulls(a: Array | null, b: Array | null): Array | null {
  if (a === null || b === null) return a ?? b;
  return concatenate(a, b);
}

function joinText(array: Array, separator: string, missing: string | null, context: ValueContext): string {
  const texts: string[] = [];
  for (const item of array.items) {
    if (item !== null) texts.push(outputText(array.element, item, context));
    else if (missing !== null) texts.push(missing);
  }
  return texts.join(separator);
}

function splitText(text: string | null, separator: string | null, missing: string | null): Array | null {
  if (text === null) return null;
  if (text === '') return emptyArray('text');
  const parts = separator === null ? [...text] : separator === '' ? [text] : text.split(separator);
  return arrayOfItems(
    'text',
    parts.map((part) => (part === missing ? null : part)),
  );
}

const table: { [primitive: string]: Implementation } = Object.assign(Object.create(null), {
  'array.make': (element: string, ...items: RowValue[]) => arrayOfItems(element, items),
  'array.stack': (element: string, ...arrays: (Array | null)[]) => stackArrays(element, arrays),
  'array.orEmpty': (array: Array | null, element: string) => array ?? emptyArray(element),
  'array.get': (array: Array, ...indexes: number[]) => itemAt(array, indexes),
  'array.slice': (array: Array, forms: string, ...given: number[]) => sliceOf(array, boundsOf(forms, given)),
  'array.set': (array: Array | null, element: string, value: RowValue, ...indexes: (number | null)[]) => {
    if (indexes.includes(null)) throw nullSubscript();
    return withItem(array ?? emptyArray(element), indexes as number[], value);
  },
  'array.setSlice': (array: Array | null, element: string, value: Array | null, forms: string, ...given: (number | null)[]) => {
    if (given.includes(null)) throw nullSubscript();
    if (value === null) return array;
    return withSlice(array ?? emptyArray(element), boundsOf(forms, given), value);
  },
  'array.cat': concatNulls,
  'array.append': (array: Array | null, value: RowValue, element: string) => append(array ?? emptyArray(element), value),
  'array.prepend': (value: RowValue, array: Array | null, element: string) => prepend(value, array ?? emptyArray(element)),
  'array.contains': containsAll,
  'array.contained': (a: Array, b: Array) => containsAll(b, a),
  'array.overlaps': haveCommon,
  'array.ndims': ({ lengths }: Array) => (lengths.length === 0 ? null : lengths.length),
  'array.dims': ({ lengths, lowers }: Array) =>
    lengths.length === 0 ? null : lengths.map((length, at) => `[${lowers[at]}:${lowers[at] + length - 1}]`).join(''),
  'array.length': (array: Array, which: number) => dimension(array, which)?.length ?? null,
  'array.lower': (array: Array, which: number) => dimension(array, which)?.lower ?? null,
  'array.upper': (array: Array, which: number) => {
    const found = dimension(array, which);
    return found === null ? null : found.lower + found.length - 1;
  },
  'array.cardinality': ({ items }: Array) => items.length,
  'array.position': (array: Array | null, value: RowValue) => (array === null ? null : positionOf(array, value, null)),
  'array.position.from': (array: Array | null, value: RowValue, from: number | null) => {
    if (from === null) throw new SqlError(SQLSTATE.null_value_not_allowed, 'initial position must not be null');
    return array === null ? null : positionOf(array, value, from);
  },
  'array.positions': (array: Array | null, value: RowValue) => (array === null ? null : positionsOf(array, value)),
  'array.remove': (array: Array | null, value: RowValue) => (array === null ? null : withoutItem(array, value)),
  'array.replace': (array: Array | null, value: RowValue, by: RowValue) =>
    array === null ? null : replaceItem(array, value, by),
  'array.fill': (value: RowValue, sizes: Array | null, element: string) => {
    if (sizes === null) throw new SqlError(SQLSTATE.null_value_not_allowed, 'dimension array or low bound array cannot be null');
    return filled(element, value, sizes, null);
  },
  'array.fill.from': (value: RowValue, sizes: Array | null, lowers: Array | null, element: string) => {
    if (sizes === null || lowers === null)
      throw new SqlError(SQLSTATE.null_value_not_allowed, 'dimension array or low bound array cannot be null');
    return filled(element, value, sizes, lowers);
  },
  'array.trim': trimmed,
  'record.make': (types: string, ...fields: RowValue[]) => ({
    kind: 'record',
    types: types === '' ? [] : types.split(' '),
    fields,
  }),
  'record.named': (types: string, names: string, ...fields: RowValue[]) => ({
    kind: 'record',
    types: types === '' ? [] : types.split(' '),
    fields,
    names: JSON.parse(names) as string[],
  }),
  /** `wanted`: all of its fields are NULL; else: none is. */
  'record.isNull': (record: RecordValue | null, wanted: boolean) =>
    record === null ? wanted : record.fields.every((field) => (field === null) === wanted),
  'domain.notNull': (value: RowValue, domain: string) => {
    if (value !== null) return value;
    throw new SqlError(SQLSTATE.not_null_violation, `domain ${domain} does not allow null values`, { dataType: domain });
  },
  'domain.check': (value: RowValue, holds: boolean | null, domain: string, constraint: string) => {
    if (holds !== false) return value;
    const message = `value for domain ${domain} violates check constraint "${constraint}"`;
    throw new SqlError(SQLSTATE.check_violation, message, { dataType: domain, constraint });
  },
  'any.same': (value: RowValue) => value,
  'record.field': ({ fields }: RecordValue, place: number) => fields[place] ?? null,
  'record.with': (record: RecordValue | null, names: string, place: number, value: RowValue) => {
    const types = names.split(' ');
    return { kind: 'record', types, fields: (record?.fields ?? types.map(() => null)).with(place, value) };
  },
  'array.join': (array: Array, separator: string, context: ValueContext) => joinText(array, separator, null, context),
  'array.join.null': (array: Array | null, separator: string | null, missing: string | null, context: ValueContext) =>
    array === null || separator === null ? null : joinText(array, separator, missing, context),
  'text.splitArray': (text: string | null, separator: string | null) => splitText(text, separator, null),
  'text.splitArray.null': splitText,
});

/** Comparisons with each element, and calls with the elements of an array: they need the other primitives. */
export function arrayFunctions(find: (primitive: string) => Implementation): { readonly [primitive: string]: Implementation } {
  /** `decides`: the answer that one element is enough for. Strict operators do not know NULLs. */
  const quantified =
    (decides: boolean): Implementation =>
    (value: RowValue, array: Array | null, operator: string, context: ValueContext) => {
      if (array === null) return null;
      const compare = find(operator);
      let answer: boolean | null = !decides;
      for (const item of array.items) {
        const one = value === null || item === null ? null : (compare(value, item, context) as boolean | null);
        if (one === decides) return decides;
        if (one === null) answer = null;
      }
      return answer;
    };
  return Object.assign(table, {
    'array.any': quantified(true),
    'array.all': quantified(false),
    /** `form`: how elements are handed over ('output': as clients are shown them); `asks`: the primitive takes the context. */
    'array.spread': (primitive: string, form: string, asks: boolean, array: Array | null, ...rest: unknown[]) => {
      const context = rest[rest.length - 1] as ValueContext;
      const fixed = rest.slice(0, -1);
      if (array === null) return null;
      const items = array.items.map((item) =>
        item === null || form === '' ? item : find(`any.${form}`)(item, array.element, context),
      );
      return asks ? find(primitive)(...fixed, ...items, context) : find(primitive)(...fixed, ...items);
    },
  });
}
