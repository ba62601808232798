/**
 * Which state each aggregate of a group has, the code that adds a row to it, and the code that reads its result.
 *
 *   count     1 double                        count(*), count(x)
 *   exact     low, high, count; bigints aside sum and avg of integers and of numerics of static scale; where scales are mixed also
 *             the largest that was seen
 *   float     sum, count                      sum and avg of float8
 *   extreme   value, whether there is one     min and max of what is held as a number
 *   general   an object                       everything else: engine/values' aggregates
 */

import type { BoundAggregate, ColumnId } from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import type { Aggregate } from '../../engine/values/aggregates.ts';
import { implementations } from '../../engine/values/functions.ts';
import { aggregateOf } from './aggregate-wraps.ts';
import { alignNumeric } from './arithmetic.ts';
import { type Emitter, NotInPage } from './emitter.ts';
import { type ExactForm, exactForm, isNumber } from './exact-inputs.ts';
import { shortNumber } from './group-keys.ts';
import { boxedCode, EXACT_DIGITS, isLongType, makeValue, slotValue, type Value } from './value.ts';

export type AccumulatorKind = 'count' | 'exact' | 'float' | 'extreme' | 'general';

export interface Accumulator {
  readonly bound: BoundAggregate;
  readonly kind: AccumulatorKind;
  /** Its first double in a group, and its object: -1 none. */
  readonly at: number;
  readonly object: number;
  readonly scale: number;
  /** Of numerics: how a row's value is evaluated (exact-inputs.ts); null: as any other. */
  readonly form: ExactForm | null;
  readonly general: Aggregate | null;
}

/** Bytes of a low part above which it is folded into the high one. */
const FOLD = 4503599627370496;

const EXTREME_TYPES = new Set(['int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'date', 'time', 'timestamp', 'timestamptz']);

const isShortNumeric = (type: SqlType): boolean =>
  type.name === 'numeric' && type.scale >= 0 && type.digits > 0 && type.digits <= EXACT_DIGITS;

function kindOf(bound: BoundAggregate, stored: ReadonlySet<ColumnId>): AccumulatorKind {
  if (bound.distinct || bound.order.length > 0) return 'general';
  const [name, type = ''] = bound.primitive.split('.');
  if (name === 'count') return 'count';
  const given = bound.arguments[0]?.type;
  if (name === 'sum' || name === 'avg') {
    if (type === 'int2' || type === 'int4' || type === 'int8') return 'exact';
    if (type === 'numeric' && isShortNumeric(given) && isNumber(bound.arguments[0], stored)) return 'exact';
    if (type === 'numeric' && formOf(bound, stored) !== null) return 'exact';
    return type === 'float8' ? 'float' : 'general';
  }
  if (name === 'min' || name === 'max') {
    if (EXTREME_TYPES.has(type)) return 'extreme';
    // What is computed is text where it is long.
    const isStored = bound.arguments[0].op === 'column' && isNumber(bound.arguments[0], stored);
    return type === 'numeric' && isShortNumeric(given) && given.length > 0 && isStored ? 'extreme' : 'general';
  }
  return 'general';
}

/** What must be checked is; behind a FILTER only what is proved. */
function formOf(bound: BoundAggregate, stored: ReadonlySet<ColumnId>): ExactForm | null {
  const [argument] = bound.arguments;
  if (bound.filter !== null || argument.type.name !== 'numeric') return null;
  const isProved = isShortNumeric(argument.type) && isNumber(argument, stored);
  return isProved ? null : exactForm(argument, stored);
}

const DOUBLES: { readonly [kind in AccumulatorKind]: number } = { count: 1, exact: 3, float: 2, extreme: 2, general: 0 };

export interface Accumulators {
  readonly list: readonly Accumulator[];
  readonly stride: number;
  readonly inits: readonly (() => unknown)[];
}

/** Lays out the states of a group. `stored`: columns whose numerics lie in a table, so they are numbers of their scale. */
export function accumulatorsOf(bounds: readonly BoundAggregate[], stored: ReadonlySet<ColumnId>): Accumulators {
  let at = 0;
  const inits: (() => unknown)[] = [];
  const list = bounds.map((bound): Accumulator => {
    const kind = kindOf(bound, stored);
    const general = kind === 'general' ? aggregateOf(bound) : null;
    const object = kind === 'general' || kind === 'exact' || kind === 'extreme' ? inits.length : -1;
    if (object >= 0) inits.push(general === null ? () => undefined : () => general.init());
    const form = kind === 'exact' ? formOf(bound, stored) : null;
    const scale = form?.scale ?? (bound.arguments[0]?.type.name === 'numeric' ? Math.max(0, bound.arguments[0].type.scale) : 0);
    const made = { bound, kind, at, object, scale, form, general };
    at += DOUBLES[kind] + (form?.mixed === true ? 1 : 0);
    return made;
  });
  return { list, stride: at, inits };
}

/** Names of a group's states in the code that adds to them. */
export interface StateNames {
  /** The Groups. */
  readonly groups: string;
  /** Double number `at`. */
  readonly sum: (at: number) => string;
  /** Index of object number `object`. */
  readonly object: (object: number) => string;
  /** Index of double `at`, for calls: the locals must have been written back. */
  readonly index: (at: number) => string;
}

/** Writes: the row counts for this aggregate. `values`: its arguments, then its sort keys. */
export function emitAdd(emitter: Emitter, accumulator: Accumulator, values: readonly Value[], names: StateNames): void {
  const [value] = values;
  const { kind } = accumulator;
  if (kind === 'general') {
    emitGeneral(emitter, accumulator, values, names);
    return;
  }
  if (kind === 'count') {
    emitter.emit(unlessNil(value?.nil ?? 'false', `${names.sum(accumulator.at)}++;`));
    return;
  }
  if (value.nil === 'true') return;
  const code =
    kind === 'exact'
      ? exactCode(emitter, accumulator, value, names)
      : kind === 'float'
        ? floatCode(emitter, accumulator, value, names)
        : extremeCode(emitter, accumulator, value, names);
  emitter.emit(unlessNil(value.nil, code));
}

function unlessNil(nil: string, code: string): string {
  if (nil === 'true') return '';
  return nil === 'false' ? `{${code}}` : `if(!(${nil})){${code}}`;
}

function exactCode(emitter: Emitter, accumulator: Accumulator, value: Value, names: StateNames): string {
  const { at, object, scale, bound, form } = accumulator;
  const mixed = form?.mixed === true;
  const low = names.sum(at);
  const high = names.sum(at + 1);
  const fold = `if(${low}>${FOLD}||${low}<-${FOLD}){const h=Math.floor(${low}/4294967296);${high}+=h;${low}-=h*4294967296;}`;
  const isNumeric = bound.arguments[0].type.name === 'numeric';
  if (value.rep === 'v') {
    emitter.needCalls();
    return isNumeric
      ? `${names.groups}.addText(${names.index(at)},${names.object(object)},${value.code},${scale},${mixed});`
      : `${names.groups}.addLong(${names.index(at)},${names.object(object)},${value.code});`;
  }
  if (value.exact !== undefined) {
    const { state, text, shown } = value.exact;
    const largest = shown === '' ? '' : `if(${names.sum(at + 3)}<${shown})${names.sum(at + 3)}=${shown};`;
    const added = `const x=${value.code},y=Math.floor(x/4294967296);${high}+=y;${low}+=x-y*4294967296;${fold}${names.sum(at + 2)}++;`;
    if (text === '') return added + largest;
    return `if(${state}===0)${names.groups}.addText(${names.index(at)},${names.object(object)},${text},${scale},${mixed});else{${added}${largest}}`;
  }
  const aligned = isNumeric ? alignNumeric(value, scale) : value;
  if (aligned === null || (isNumeric && aligned.scale !== scale)) throw new NotInPage();
  const small = value.rep === 'i' || (aligned.digits > 0 && aligned.digits <= EXACT_DIGITS);
  const count = `${names.sum(at + 2)}++;`;
  if (small) return `${low}+=${aligned.code};${fold}${count}`;
  return `const x=${aligned.code},y=Math.floor(x/4294967296);${high}+=y;${low}+=x-y*4294967296;${fold}${count}`;
}

/** A sum that overflows is an error; under a hold it is noted and raised after the page. */
function floatCode(emitter: Emitter, { at }: Accumulator, value: Value, names: StateNames): string {
  const sum = names.sum(at);
  const wrong = emitter.wide
    ? `${emitter.unit.function(implementations['float8.add'], 'float8.add')}(s,x)`
    : `${names.groups}.late=1`;
  return `const x=${value.code},s=${sum},t=s+x;if(t-t!==0&&s-s===0&&x-x===0)${wrong};${sum}=t;${names.sum(at + 1)}++;`;
}

function extremeCode(emitter: Emitter, accumulator: Accumulator, value: Value, names: StateNames): string {
  const { at, object, bound } = accumulator;
  const greatest = bound.primitive.startsWith('max');
  if (value.rep === 'v' && value.type.name === 'numeric')
    return extremeCode(emitter, accumulator, shortNumber(emitter, value), names);
  if (value.rep === 'v') {
    emitter.needCalls();
    if (isLongType(value.type))
      return `${names.groups}.extremeLong(${names.index(at)},${names.object(object)},${value.code},${greatest});`;
    // Any other is the number itself: of a CASE that gives nothing but NULL.
  }
  const best = names.sum(at);
  const has = names.sum(at + 1);
  // NaN is above everything.
  const better = greatest ? `x>${best}||x!==x` : `x<${best}||${best}!==${best}`;
  return `const x=${value.code};if(${has}===0||${better}){${best}=x;${has}=1;}`;
}

function emitGeneral(emitter: Emitter, accumulator: Accumulator, values: readonly Value[], names: StateNames): void {
  emitter.needCalls();
  const step = emitter.unit.function(accumulator.general, accumulator.bound.primitive);
  const state = `${names.groups}.objects[${names.object(accumulator.object)}]`;
  const given = values.map((value) => boxedCode(value, emitter.unit.use)).join(',');
  emitter.emit(`${state}=${step}.step(${state}${given === '' ? '' : `,${given}`});`);
}

/** The result of a group. */
export function resultValue(emitter: Emitter, accumulator: Accumulator, names: StateNames): Value {
  const { bound, kind, at, object, scale, form } = accumulator;
  const mixed = form?.mixed === true;
  const { type } = bound;
  const index = names.index(at);
  const call = (code: string): Value => {
    const value = makeValue('v', type, '', 'maybe');
    return slotValue(value, emitter.hold(code));
  };
  if (kind === 'count') return makeValue('d', type, emitter.hold(names.sum(at)), 'false', 0, EXACT_DIGITS);
  if (kind === 'float') {
    const isAverage = bound.primitive.startsWith('avg');
    const code = isAverage ? `${names.sum(at)}/${names.sum(at + 1)}` : names.sum(at);
    return makeValue('d', type, emitter.hold(code), emitter.hold(`${names.sum(at + 1)}===0`));
  }
  if (kind === 'exact') {
    if (bound.primitive.startsWith('avg'))
      return call(`${names.groups}.average(${index},${names.object(object)},${scale},${mixed})`);
    return type.name === 'int8'
      ? call(`${names.groups}.sumLong(${index},${names.object(object)})`)
      : call(`${names.groups}.sumNumeric(${index},${names.object(object)},${scale},${mixed})`);
  }
  if (kind === 'extreme') {
    const given = bound.arguments[0].type;
    if (isLongType(given)) {
      return call(`${names.groups}.readExtreme(${index},${names.object(object)},${bound.primitive.startsWith('max')})`);
    }
    const rep = given.name === 'int2' || given.name === 'int4' || given.name === 'date' ? 'i' : 'd';
    const nil = emitter.hold(`${names.sum(at + 1)}===0`);
    return makeValue(rep, type, emitter.hold(names.sum(at)), nil, scale, given.digits);
  }
  const result = emitter.unit.function(accumulator.general, bound.primitive);
  return boxedValue(emitter, type, emitter.hold(`${result}.result(${names.groups}.objects[${names.object(object)}])`));
}

/** A RowValue or null in a local, as a value of its type. */
export function boxedValue(emitter: Emitter, type: SqlType, name: string): Value {
  const nil = `${name}===null`;
  if (type.name === 'bool') return makeValue('i', type, `(${name}===true?1:0)`, nil);
  if (type.name === 'date') {
    return makeValue('i', type, emitter.hold(`${nil}?0:${emitter.unit.use('dateWord')}(${name})`), nil);
  }
  if (type.name === 'int2' || type.name === 'int4') return makeValue('i', type, name, nil, 0, type.digits);
  return makeValue(type.name === 'float4' || type.name === 'float8' ? 'd' : 'v', type, name, nil);
}
