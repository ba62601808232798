/**
 * Text and JSON of types that are made of others, and of those that users have made: enums, numbers of objects. By the name of a type;
 * `outputText` and `inputValue` of functions-casts.ts call it for what they have no function for.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ArrayValue, MultirangeValue, RangeValue, RecordValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { arrayText, readArray } from './array-text.ts';
import type { ValueContext } from './context.ts';
import { makeMultirange, makeRange, emptyRange } from './ranges.ts';
import { rangeText, readRange, splitMultirange } from './range-text.ts';
import { readRecord, recordText } from './record-text.ts';
import { type RowAttribute, type UserType, userType } from './user-types.ts';

/** Functions of functions-casts.ts, which needs this file. */
export interface Forms {
  output(type: string, value: RowValue, context: ValueContext): string;
  input(type: string, text: string, context: ValueContext): RowValue;
  json(type: string, value: RowValue, context: ValueContext): string;
  /** A value as the modifiers of an attribute want it. */
  fit(type: string, value: RowValue, length: number, scale: number): RowValue;
}

export const SUBTYPES: { readonly [name: string]: string } = {
  int4: 'int4',
  int8: 'int8',
  num: 'numeric',
  date: 'date',
  ts: 'timestamp',
  tstz: 'timestamptz',
};
const RANGE = /^(int4|int8|num|date|ts|tstz)(multi)?range$/;

const idOf = (type: string): number => Number(type.slice(type.indexOf(':') + 1));

/** 42704 */
export function knownType(id: number, context: ValueContext): UserType {
  const found = context.types?.userType(id) ?? userType(id);
  if (found === undefined) throw new SqlError(SQLSTATE.undefined_object, `type with OID ${id} does not exist`);
  return found;
}

export function enumText(type: string, value: RowValue, context: ValueContext): string {
  const found = knownType(idOf(type), context);
  const label = found.labels.find(({ number }) => number === value);
  if (label === undefined) throw new SqlError('22P03', `invalid internal value for enum: ${String(value)}`);
  return label.label;
}

/** 22P02 */
export function enumValue(type: string, text: string, context: ValueContext): number {
  const found = knownType(idOf(type), context);
  const label = found.labels.find((one) => one.label === text);
  if (label === undefined)
    throw new SqlError(SQLSTATE.invalid_text_representation, `invalid input value for enum ${found.name}: "${text}"`);
  return label.number;
}

/** Attributes of a row type; of no name: null. */
export const attributesOf = (type: string, context: ValueContext): readonly RowAttribute[] | null =>
  type === 'record' ? null : knownType(idOf(type), context).attributes;

export function madeText(type: string, value: RowValue, context: ValueContext, forms: Forms): string {
  if (typeof value === 'number') {
    if (type.startsWith('enum:')) return enumText(type, value, context);
    return value === 0 ? '-' : (context.types?.objectName(type, value) ?? String(value));
  }
  const nested = value as ArrayValue | RecordValue | RangeValue | MultirangeValue;
  switch (nested.kind) {
    case 'array':
      if (type.endsWith('vector')) return nested.items.join(' ');
      return arrayText(nested, (item) => forms.output(nested.element, item, context));
    case 'record':
      return recordText(nested.fields, (field, index) => forms.output(nested.types[index], field, context));
    case 'range':
      return rangeText(nested, (bound) => forms.output(nested.element, bound, context));
    case 'multirange': {
      const { element, ranges } = nested;
      return `{${ranges.map((range) => rangeText(range, (bound) => forms.output(element, bound, context))).join(',')}}`;
    }
  }
}

function readRangeValue(text: string, element: string, context: ValueContext, forms: Forms): RangeValue {
  const { empty, lower, upper, lowerInclusive, upperInclusive } = readRange(text);
  if (empty) return emptyRange(element);
  const bound = (one: string | null): RowValue => (one === null ? null : forms.input(element, one, context));
  return makeRange(element, bound(lower), bound(upper), lowerInclusive, upperInclusive);
}

function readVector(text: string, element: string, context: ValueContext, forms: Forms): ArrayValue {
  const items = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => forms.input(element, word, context));
  const shape = items.length === 0 ? [] : [items.length];
  return { kind: 'array', element, lengths: shape, lowers: shape.map(() => 0), items };
}

export function madeValue(type: string, text: string, context: ValueContext, forms: Forms): RowValue {
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2);
    return readArray(text, element, (item) => forms.input(element, item, context));
  }
  if (type.endsWith('vector')) return readVector(text, type === 'oidvector' ? 'oid' : 'int2', context, forms);
  if (type.startsWith('enum:')) return enumValue(type, text, context);
  if (type.startsWith('reg')) return objectNumber(type, text, context);
  const range = RANGE.exec(type);
  if (range !== null) {
    const element = SUBTYPES[range[1]];
    if (range[2] === undefined) return readRangeValue(text, element, context, forms);
    return makeMultirange(
      element,
      splitMultirange(text).map((one) => readRangeValue(one, element, context, forms)),
    );
  }
  const attributes = attributesOf(type, context);
  if (attributes === null)
    throw new SqlError(SQLSTATE.feature_not_supported, 'input of anonymous composite types is not implemented');
  const fields = readRecord(text, attributes.length).map((field, index) => {
    const { type: wanted, length, scale } = attributes[index];
    return field === null ? null : forms.fit(wanted, forms.input(wanted, field, context), length, scale);
  });
  return { kind: 'record', types: attributes.map((attribute) => attribute.type), fields };
}

const OID_MAX = 4294967295;

function objectNumber(type: string, text: string, context: ValueContext): number {
  if (text === '-') return 0;
  if (/^\d+$/.test(text) && Number(text) <= OID_MAX) return Number(text);
  const { types } = context;
  if (types === undefined) throw new SqlError(SQLSTATE.feature_not_supported, `${type} of a name is not supported here`);
  return types.objectNumber(type, text);
}

/** JSON of arrays and rows; everything else is its text. */
export function madeJson(type: string, value: RowValue, context: ValueContext, forms: Forms): string | null {
  if (value === null || typeof value !== 'object' || !('kind' in value)) return null;
  if (value.kind === 'array' && !type.endsWith('vector'))
    return arrayJson(value, (item) => forms.json(value.element, item, context));
  if (value.kind !== 'record') return null;
  const attributes = attributesOf(type, context);
  const fields = value.fields.map((field, index) => {
    const name = attributes?.[index].name ?? value.names?.[index] ?? `f${index + 1}`;
    return `${JSON.stringify(name)}:${field === null ? 'null' : forms.json(value.types[index], field, context)}`;
  });
  return `{${fields.join(',')}}`;
}

function arrayJson({ lengths, items }: ArrayValue, json: (item: RowValue) => string): string {
  if (lengths.length === 0) return '[]';
  let at = 0;
  const level = (dimension: number): string => {
    const parts: string[] = [];
    for (let index = 0; index < lengths[dimension]; index++) {
      if (dimension < lengths.length - 1) parts.push(level(dimension + 1));
      else {
        const item = items[at++];
        parts.push(item === null ? 'null' : json(item));
      }
    }
    return `[${parts.join(',')}]`;
  };
  return level(0);
}
