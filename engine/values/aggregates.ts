/**
 * Aggregates over RowValues: `aggregates[name]`. init() begins a group; step() takes the arguments of one row, NULLs included, and gives
 * the state to go on with (states may be changed in place); result() reads it, any number of times.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { IntervalValue, RowValue } from '../storage/rows/row-value.ts';
import { ARRAY_AGGREGATES } from './aggregates-arrays.ts';
import { FLOAT_AGGREGATES } from './aggregates-floats.ts';
import { NUMERIC_AGGREGATES } from './aggregates-numbers.ts';
import { ORDERED_AGGREGATES } from './aggregates-ordered.ts';
import { concatBytes } from './bytes.ts';
import { comparisons } from './compare.ts';
import { badParameter } from './errors.ts';
import { implementations } from './functions.ts';
import { RANGE_AGGREGATES } from './functions-ranges.ts';
import { keyOf, OBJECT_FORMS, type ObjectForm, takeKey } from './functions-json.ts';
import { floatAdd, float4Add } from './floats.ts';
import { intervalOutOfRange } from './calendar.ts';
import { addIntervals, divideInterval, INFINITE_INTERVAL, infinityOf, MINUS_INFINITE_INTERVAL } from './interval.ts';
import { int8Add, int8And, int8Or, int8Xor, type Int8 } from './integers.ts';
import { JSON_NULL, jsonbObject, jsonNode, parseJson, quoteJson, writeJsonb } from './json.ts';

// biome-ignore lint/suspicious/noExplicitAny: each aggregate knows its state.
export interface Aggregate<State = any> {
  init(): State;
  // biome-ignore lint/suspicious/noExplicitAny: each takes the types its declaration says.
  step(state: State, ...given: any[]): State;
  result(state: State): RowValue;
  /** Takes the arguments of a row out again, for windows; false: it cannot this time, and the state is to be forgotten. */
  // biome-ignore lint/suspicious/noExplicitAny: each takes the types its declaration says.
  remove?(state: State, ...given: any[]): boolean;
  /**
   * The state over the rows of both, as step() would have made it of them: the same whatever rows went to which. Left out where it
   * hangs on their order: floats, lists, the later one of equal values.
   */
  merge?(state: State, other: State): State;
}

/** NULLs do not count, the first value begins; without any: NULL. */
function folded<Value extends RowValue>(combine: (sum: Value, value: Value) => Value): Aggregate<Value | null> {
  return {
    init: () => null,
    step: (state, value: Value | null) => (value === null ? state : state === null ? value : combine(state, value)),
    result: (state) => state,
  };
}

/** The same, where it makes no difference which values are combined first. */
function foldedInAnyOrder<Value extends RowValue>(combine: (sum: Value, value: Value) => Value): Aggregate<Value | null> {
  const made = folded(combine);
  return { ...made, merge: (state, other) => made.step(state, other) };
}

const counted = (step: (count: number, value: RowValue) => number): Aggregate<number> => ({
  init: () => 0,
  step,
  result: (count) => count,
  merge: (count, other) => count + other,
});

/** Equal values of these are the same bytes. */
const ONE_FORM = new Set([
  'bool',
  'int2',
  'int4',
  'int8',
  'oid',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'text',
  'bytea',
  'uuid',
]);

const table: { [primitive: string]: Aggregate } = {
  'count.star': counted((count) => count + 1),
  count: counted((count, value) => (value === null ? count : count + 1)),
  'count.rows': counted((count) => count + 1),
  bool_and: foldedInAnyOrder<boolean>((a, b) => a && b),
  bool_or: foldedInAnyOrder<boolean>((a, b) => a || b),
  any_value: folded<RowValue>((a) => a),
  'sum.int2': foldedInAnyOrder<Int8>(int8Add),
  'sum.int4': foldedInAnyOrder<Int8>(int8Add),
  'sum.float4': folded<number>(float4Add),
  'sum.float8': folded<number>(floatAdd),
  ...NUMERIC_AGGREGATES,
  ...FLOAT_AGGREGATES,
  ...ORDERED_AGGREGATES,
  ...ARRAY_AGGREGATES,
  ...RANGE_AGGREGATES,
};

for (const type of ['int2', 'int4', 'int8']) {
  const whole = type === 'int8';
  table[`bit_and.${type}`] = whole ? foldedInAnyOrder<Int8>(int8And) : foldedInAnyOrder<number>((a, b) => a & b);
  table[`bit_or.${type}`] = whole ? foldedInAnyOrder<Int8>(int8Or) : foldedInAnyOrder<number>((a, b) => a | b);
  table[`bit_xor.${type}`] = whole ? foldedInAnyOrder<Int8>(int8Xor) : foldedInAnyOrder<number>((a, b) => a ^ b);
}
// Of equal values that differ in form (scale, unit) the later one is kept.
for (const [type, given] of Object.entries(comparisons)) {
  const compare = given as unknown as (a: RowValue, b: RowValue) => number;
  const made = ONE_FORM.has(type) ? foldedInAnyOrder<RowValue> : folded<RowValue>;
  table[`min.${type}`] = made((a, b) => (compare(a, b) < 0 ? a : b));
  table[`max.${type}`] = made((a, b) => (compare(a, b) > 0 ? a : b));
}

for (const [name, primitive] of [
  ['sum.money', 'money.add'],
  ['bit_and.bit', 'bit.bitAnd'],
  ['bit_or.bit', 'bit.bitOr'],
  ['bit_xor.bit', 'bit.bitXor'],
]) {
  table[name] = folded<string>((a, b) => implementations[primitive](a, b) as string);
}

/** Infinities are counted, so that an overflow of the finite rest is seen. */
interface Spans {
  count: number;
  sum: IntervalValue;
  positive: number;
  negative: number;
}
const spans = (of: (sum: IntervalValue, count: number) => IntervalValue): Aggregate<Spans> => ({
  init: () => ({ count: 0, sum: { months: 0, days: 0, microseconds: 0 }, positive: 0, negative: 0 }),
  step(state, value: IntervalValue | null) {
    if (value === null) return state;
    const sign = infinityOf(value);
    state.count++;
    if (sign > 0) state.positive++;
    else if (sign < 0) state.negative++;
    else state.sum = addIntervals(state.sum, value, 1);
    return state;
  },
  remove(state, value: IntervalValue | null) {
    if (value === null) return true;
    const sign = infinityOf(value);
    state.count--;
    if (sign > 0) state.positive--;
    else if (sign < 0) state.negative--;
    else state.sum = addIntervals(state.sum, value, -1);
    return true;
  },
  result({ count, sum, positive, negative }) {
    if (count === 0) return null;
    if (positive > 0 && negative > 0) throw intervalOutOfRange();
    if (positive + negative > 0) return positive > 0 ? INFINITE_INTERVAL : MINUS_INFINITE_INTERVAL;
    return of(sum, count);
  },
});
table['sum.interval'] = spans((sum) => sum);
table['avg.interval'] = spans(divideInterval);

// ---- strings: pieces are joined once, when the result is read ----

interface Pieces<Value> {
  pieces: Value[];
  any: boolean;
}
function joinedBy<Value extends string | Uint8Array>(join: (pieces: Value[]) => Value): Aggregate<Pieces<Value>> {
  return {
    init: () => ({ pieces: [], any: false }),
    step(state, value: Value | null, separator: Value | null) {
      if (value === null) return state;
      if (state.any && separator !== null) state.pieces.push(separator);
      state.pieces.push(value);
      state.any = true;
      return state;
    },
    result: (state) => (state.any ? join(state.pieces) : null),
  };
}
table['string_agg.text'] = joinedBy<string>((pieces) => pieces.join(''));
table['string_agg.bytea'] = joinedBy<Uint8Array>((pieces) => pieces.reduce(concatBytes));

// ---- JSON ----

const bracketed = (pieces: readonly string[] | null, open: string, close: string): RowValue =>
  pieces === null ? null : `${open}${pieces.join(', ')}${close}`;
function listOf(keepsNulls: boolean): Aggregate<string[] | null> {
  return {
    init: () => null,
    step(state, value: string | null) {
      const pieces = state ?? [];
      if (value !== null || keepsNulls) pieces.push(value ?? 'null');
      return pieces;
    },
    result: (state) => bracketed(state, '[', ']'),
  };
}
table.json_agg = listOf(true);
table['json_agg.strict'] = listOf(false);
table.jsonb_agg = listOf(true);
table['jsonb_agg.strict'] = listOf(false);

/** Values that are told apart become JSON by the primitive that is named with each. */
for (const name of ['json_agg', 'json_agg.strict', 'jsonb_agg', 'jsonb_agg.strict']) {
  const plain = table[name];
  table[`${name}.distinct`] = {
    ...plain,
    step: (state, value: RowValue, primitive: string) =>
      plain.step(state, value === null ? null : implementations[primitive](value)),
  };
}

interface Members {
  readonly keys: string[];
  readonly values: (string | null)[];
  readonly seen: Set<string>;
}
function membersOf(form: ObjectForm, noKey: () => SqlError, result: (members: Members) => string): Aggregate<Members | null> {
  return {
    init: () => null,
    step(state, key: string | null, value: string | null) {
      if (key === null) throw noKey();
      const members = state ?? { keys: [], values: [], seen: new Set() };
      const name = keyOf(key);
      if (form.unique) takeKey(members.seen, name, form);
      if (value === null && form.strict) return members;
      members.keys.push(name);
      members.values.push(value);
      return members;
    },
    result: (state) => (state === null ? null : result(state)),
  };
}

const noKey = (): SqlError => new SqlError(SQLSTATE.null_value_not_allowed, 'null value not allowed for object key');
const noField = (): SqlError => badParameter('field name must not be null');
const objectText = ({ keys, values }: Members): string =>
  `{ ${keys.map((key, at) => `${quoteJson(key)} : ${values[at] ?? 'null'}`).join(', ')} }`;
function jsonbText({ keys, values }: Members): string {
  const items = values.map((value) => (value === null ? JSON_NULL : parseJson(value)));
  return writeJsonb(keys.length === 0 ? jsonNode('object') : jsonbObject(keys, items));
}
for (const [suffix, form] of Object.entries(OBJECT_FORMS)) {
  table[`json_object_agg${suffix}`] = membersOf(form, noKey, objectText);
  table[`jsonb_object_agg${suffix}`] = membersOf(form, noField, jsonbText);
}

export const aggregates: { readonly [primitive: string]: Aggregate } = table;
