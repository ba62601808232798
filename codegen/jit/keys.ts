/**
 * Canonical values: two values are equal (for IN, GROUP BY, DISTINCT) if and only if their canonical values are the same number,
 * bigint, string or boolean (SBLR-V6). And orders: what sorts like a value of a type does.
 */

import { isEnumType, isNestedType, isObjectNumber, type SqlType } from '../../engine/sblr/types.ts';
import { notNullCode, type Value } from './value.ts';

/** Expression of the canonical value; the value is not NULL. */
export function keyCode(value: Value, use: (helper: string) => string): string {
  const { type } = value;
  switch (type.name) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'date':
      return value.rep === 'i' ? value.code : `${use('canonical')}(${JSON.stringify(type.name)},${value.code})`;
    case 'numeric':
      return `${use('numericKey')}(${notNullCode(value, use)})`;
    case 'float4':
    case 'float8':
    case 'int8':
    case 'oid':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'text':
    case 'varchar':
    case 'name':
    case 'uuid':
      return value.code;
    default:
      if (isEnumType(type.name) || isObjectNumber(type.name)) return value.code;
      return `${use('canonical')}(${JSON.stringify(keyKind(type))},${value.code})`;
  }
}

/** The same of a RowValue, at run time: for sets of IN. No type's number gets into source (SBLR-G4). */
export const keyKind = ({ name }: SqlType): string => (isNestedType(name) ? 'nested' : isEnumType(name) ? 'float8' : name);
