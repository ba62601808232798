/** Types of source form -> SqlType: names and modifiers, read by a dialect's tables. */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { DialectSemantics, TypeRule } from './semantics.ts';
import type { SourceName, SourceType } from './source.gen.ts';
import { userType } from '../values/user-types.ts';
import { arrayOf, elementOf, isArrayType, isPolymorphic, type SqlType, sqlType, typeId, type TypeName } from './types.ts';

export const NUMERIC_PRECISION_MAX = 1000;
const LENGTH_MAX = 10_485_760;
const SECOND_DIGITS_MAX = 6;
const FLOAT4_BITS = 24;
const FLOAT8_BITS = 53;

/** A name as the dialect folds it, unless it was quoted. */
export function foldName(text: string, quoted: boolean, semantics: DialectSemantics): string {
  if (quoted || semantics.folding === 'none') return text;
  return semantics.folding === 'lower' ? text.toLowerCase() : text.toUpperCase();
}

/** Whether a column's name is the one that was given. */
export function columnTest(given: string, { columnNames }: DialectSemantics): (own: string) => boolean {
  if (columnNames !== 'anyCase') return (own) => own === given;
  const lower = given.toLowerCase();
  return (own) => own.length === given.length && own.toLowerCase() === lower;
}

/** The parts of a name, folded. */
export const foldParts = (name: SourceName, semantics: DialectSemantics): string[] =>
  name.parts.map((part, index) => foldName(part, name.quoted[index] === true, semantics));

interface TypeTables {
  readonly byName: ReadonlyMap<string, TypeRule>;
  readonly byType: ReadonlyMap<TypeName, TypeRule>;
}
const tables = new WeakMap<DialectSemantics, TypeTables>();

function tablesOf(semantics: DialectSemantics): TypeTables {
  let found = tables.get(semantics);
  if (found === undefined) {
    found = {
      byName: new Map(semantics.types.flatMap((rule) => rule.names.map((name) => [name, rule] as const))),
      byType: new Map(semantics.types.map((rule) => [rule.name, rule])),
    };
    tables.set(semantics, found);
  }
  return found;
}

/** The rule of an engine type, if the dialect has it. */
export const typeRule = (name: TypeName, semantics: DialectSemantics): TypeRule | undefined =>
  tablesOf(semantics).byType.get(name) ?? derivedRule(name, semantics);

/** Arrays, types that users have made, names that stand for several types: they follow from what they are. */
function derivedRule(name: TypeName, semantics: DialectSemantics): TypeRule | undefined {
  const rule = { name, names: [], preferred: false };
  if (isPolymorphic(name)) return { ...rule, category: 'P', shown: name };
  if (isArrayType(name)) {
    const element = typeRule(elementOf(name) as TypeName, semantics);
    if (element === undefined) return undefined;
    return { ...rule, category: 'A', shown: `${element.shown}[]`, columnName: element.columnName ?? element.name };
  }
  const id = typeId(name);
  if (id === 0) return undefined;
  const shown = userType(id)?.name ?? `#${id}`;
  return { ...rule, category: name.startsWith('enum:') ? 'E' : 'C', shown, columnName: shown };
}

/** Finds types that users have made; of a domain: its base, with `domain`. `schema` null: along the search path. */
export type TypeFinder = (schema: string | null, name: string) => SqlType | null;

/** Name under which the dialect's users know a type: 'integer'. */
export const shownType = (name: TypeName, semantics: DialectSemantics): string => typeRule(name, semantics)?.shown ?? name;

/** The type with a name that stands alone, or undefined. */
export const typeNamed = (name: string, semantics: DialectSemantics): TypeRule | undefined =>
  tablesOf(semantics).byName.get(name);

function modifiersOf(type: SourceType): number[] {
  return type.modifiers.map((modifier) => {
    const isNumber = modifier.op === 'constant' && modifier.kind === 'integer';
    if (!isNumber)
      throw new SqlError(SQLSTATE.syntax_error, 'type modifiers must be simple constants', { position: modifier.at });
    return Number(modifier.text);
  });
}

function within(value: number, low: number, high: number, what: string, at: number): number {
  if (value >= low && value <= high) return value;
  throw new SqlError(SQLSTATE.invalid_parameter_value, `${what} ${value} must be between ${low} and ${high}`, { position: at });
}

function lengthType(rule: TypeRule, name: string, modifiers: readonly number[], at: number): SqlType {
  if (modifiers.length === 0) return sqlType(rule.name, true, rule.defaultLengths?.[name] ?? -1);
  if (modifiers[0] < 1)
    throw new SqlError(SQLSTATE.invalid_parameter_value, `length for type ${name} must be at least 1`, { position: at });
  if (modifiers[0] > LENGTH_MAX)
    throw new SqlError(SQLSTATE.invalid_parameter_value, `length for type ${name} cannot exceed ${LENGTH_MAX}`, { position: at });
  return sqlType(rule.name, true, modifiers[0]);
}

function modifiedType(rule: TypeRule, name: string, modifiers: readonly number[], at: number): SqlType {
  switch (rule.name) {
    case 'varchar':
    case 'char':
    case 'bit':
    case 'varbit':
      if (modifiers.length <= 1) return lengthType(rule, name, modifiers, at);
      break;
    case 'numeric': {
      if (modifiers.length === 0) return sqlType('numeric');
      if (modifiers.length > 2) break;
      const precision = within(modifiers[0], 1, NUMERIC_PRECISION_MAX, 'NUMERIC precision', at);
      const scale = within(modifiers[1] ?? 0, -NUMERIC_PRECISION_MAX, NUMERIC_PRECISION_MAX, 'NUMERIC scale', at);
      if (scale < 0 || scale > precision)
        throw new SqlError(SQLSTATE.feature_not_supported, 'a NUMERIC scale below 0 or above the precision is not supported', {
          position: at,
        });
      return sqlType('numeric', true, precision, scale);
    }
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timetz':
    case 'interval':
      if (modifiers.length === 0) return sqlType(rule.name);
      if (modifiers.length > 1) break;
      if (modifiers[0] < 0)
        throw new SqlError(SQLSTATE.invalid_parameter_value, `${rule.shown}(${modifiers[0]}) precision must not be negative`, {
          position: at,
        });
      return sqlType(rule.name, true, Math.min(modifiers[0], SECOND_DIGITS_MAX));
    case 'float4':
    case 'float8':
      if (modifiers.length === 0) return sqlType(rule.name);
      if (modifiers.length > 1) break;
      return sqlType(within(modifiers[0], 1, FLOAT8_BITS, 'precision for type float', at) <= FLOAT4_BITS ? 'float4' : 'float8');
    default:
      if (modifiers.length === 0) return sqlType(rule.name);
  }
  throw new SqlError(
    modifiers.length > 1 && rule.name !== 'bool' ? SQLSTATE.invalid_parameter_value : SQLSTATE.syntax_error,
    `type modifier is not allowed for type "${name}"`,
    { position: at },
  );
}

/** The type that a source type means: 42704 for an unknown name, 22023 for modifiers out of range, 0A000 for what is not supported. */
export function resolveType(type: SourceType, semantics: DialectSemantics, find?: TypeFinder): SqlType {
  const element = resolveElement(type, semantics, find);
  if (type.dimensions === 0) return element;
  if (element.domain !== undefined)
    throw new SqlError(SQLSTATE.feature_not_supported, 'arrays of domains are not supported', { position: type.at });
  return { ...element, name: arrayOf(element.name), digits: 0 };
}

function resolveElement(type: SourceType, semantics: DialectSemantics, find: TypeFinder | undefined): SqlType {
  const parts = foldParts(type.name, semantics);
  const last = parts[parts.length - 1];
  // A word of the language in quotes is another name: "char".
  const name = type.name.quoted[parts.length - 1] === true && typeNamed(`"${last}"`, semantics) ? `"${last}"` : last;
  const isKnownPlace = parts.length === 1 || (parts.length === 2 && semantics.searchPath.includes(parts[0]));
  const rule = isKnownPlace ? typeNamed(name, semantics) : undefined;
  const found = rule === undefined ? (find?.(parts.length > 1 ? parts[parts.length - 2] : null, name) ?? null) : null;
  if (found !== null) {
    if (type.modifiers.length === 0) return found;
    throw new SqlError(SQLSTATE.syntax_error, `type modifier is not allowed for type "${name}"`, { position: type.at });
  }
  if (rule === undefined && isKnownPlace && semantics.unsupportedTypes?.includes(name))
    throw new SqlError(SQLSTATE.feature_not_supported, `the type ${name} is not supported`, { position: type.at });
  if (rule === undefined)
    throw new SqlError(SQLSTATE.undefined_object, `type "${parts.join('.')}" does not exist`, { position: type.at });
  if (type.fields !== null)
    throw new SqlError(SQLSTATE.feature_not_supported, `interval ${type.fields} is not supported: interval without fields is`, {
      position: type.at,
    });
  return modifiedType(rule, name, modifiersOf(type), type.at);
}
