/**
 * SQL/JSON in the source form: calls of functions, for nothing of its syntax is left that a function could not say.
 *
 *   JSON_OBJECT(k: v ABSENT ON NULL)                 json_build_object_strict(k, v)
 *   JSON_ARRAYAGG(v ORDER BY o RETURNING jsonb)      jsonb_agg_strict(v ORDER BY o)
 *   x IS JSON OBJECT WITH UNIQUE KEYS                sql_is_json(x, 'object', true)
 *   JSON_EXISTS(d, p PASSING v AS n)                 sql_json_exists(d::jsonb, p, jsonb_build_object('n', v), 'false')
 *   JSON_VALUE(d, p RETURNING int DEFAULT 0 ON EMPTY)
 *                          sql_json_value_int4(d::jsonb, p, '{}'::jsonb, 'default', 'null', 0::int4, NULL::int4)
 *   JSON_QUERY(d, p WITH WRAPPER)                    sql_json_query(d::jsonb, p, '{}'::jsonb, 'null', 'null', 'always', NULL, NULL)
 */

import { JSON_VALUE_TYPES } from '../../engine/sblr/primitives-json.ts';
import type { SourceExpression, SourceQuery, SourceType } from '../../engine/sblr/source.gen.ts';
import { constant, ownType, systemCall } from './lower.ts';
import { emptySelect } from './lower-query.ts';

/** NULL ON EMPTY, DEFAULT e ON ERROR and the like. */
export interface Behaviour {
  readonly kind: string;
  readonly value: SourceExpression | null;
}

/** What stands behind the arguments. */
export interface JsonClauses {
  readonly passing: readonly SourceExpression[];
  readonly returning: SourceType | null;
  /** '': neither NULL ON NULL nor ABSENT ON NULL is written. */
  readonly nulls: '' | 'null' | 'absent';
  readonly unique: boolean;
  readonly wrapper: 'never' | 'conditional' | 'always';
  readonly omitsQuotes: boolean;
  readonly onEmpty: Behaviour | null;
  readonly onError: Behaviour | null;
}

export const castTo = (at: number, operand: SourceExpression, type: SourceType): SourceExpression => ({
  op: 'cast',
  at,
  operand,
  type,
});

/** The name of a type without modifiers, or nothing. */
function plainTypeName({ name, modifiers, dimensions }: SourceType): string {
  if (modifiers.length > 0 || dimensions > 0) return '';
  const { parts } = name;
  return parts.length === 1 || parts[0] === 'pg_catalog' ? (parts.at(-1) as string) : '';
}

const ALIASES: { readonly [name: string]: string } = {
  ...{ int: 'int4', integer: 'int4', smallint: 'int2', bigint: 'int8', real: 'float4', float: 'float8', boolean: 'bool' },
  ...{ decimal: 'numeric', dec: 'numeric' },
};

const isJsonb = ({ returning }: JsonClauses): boolean => returning !== null && plainTypeName(returning) === 'jsonb';

/** json or jsonb, made by `make`; any other type out of json. */
function returned(at: number, clauses: JsonClauses, make: (kind: 'json' | 'jsonb') => SourceExpression): SourceExpression {
  const { returning } = clauses;
  const made = make(isJsonb(clauses) ? 'jsonb' : 'json');
  if (returning === null || ['json', 'jsonb'].includes(plainTypeName(returning))) return made;
  return castTo(at, made, returning);
}

const form = (strict: boolean, unique: boolean): string => `${unique ? '_unique' : ''}${strict ? '_strict' : ''}`;

export const objectOf = (at: number, pairs: readonly SourceExpression[], clauses: JsonClauses): SourceExpression =>
  returned(at, clauses, (kind) =>
    systemCall(at, `${kind}_build_object${form(clauses.nulls === 'absent', clauses.unique)}`, pairs),
  );

export const arrayOf = (at: number, values: readonly SourceExpression[], clauses: JsonClauses): SourceExpression =>
  returned(at, clauses, (kind) => systemCall(at, `${kind}_build_array${clauses.nulls === 'null' ? '' : '_strict'}`, values));

/** What stands around an aggregate. */
export type Around = Partial<Pick<Extract<SourceExpression, { op: 'call' }>, 'order' | 'filter' | 'over'>>;

export const objectAggregateOf = (
  at: number,
  pair: readonly SourceExpression[],
  clauses: JsonClauses,
  around: Around,
): SourceExpression =>
  returned(at, clauses, (kind) => ({
    ...systemCall(at, `${kind}_object_agg${form(clauses.nulls === 'absent', clauses.unique)}`, pair),
    ...around,
  }));

export const arrayAggregateOf = (at: number, value: SourceExpression, clauses: JsonClauses, around: Around): SourceExpression =>
  returned(at, clauses, (kind) => ({
    ...systemCall(at, `${kind}_agg${clauses.nulls === 'null' ? '' : '_strict'}`, [value]),
    ...around,
  }));

/** JSON_ARRAY(query): its rows, of one column, gathered. */
export function arrayOfRows(at: number, query: SourceQuery, clauses: JsonClauses): SourceExpression {
  const column: SourceExpression = { op: 'column', at, name: { op: 'name', at, parts: ['q', 'a'], quoted: [false, false] } };
  const gathered: SourceQuery = {
    ...emptySelect(at),
    items: [{ op: 'selectItem', at, expression: arrayAggregateOf(at, column, clauses, {}), alias: null, quoted: false }],
    from: [{ op: 'queryRef', at, query, alias: { op: 'alias', at, name: 'q', quoted: false, columns: ['a'] }, lateral: false }],
  };
  return { op: 'subquery', at, kind: 'scalar', query: gathered };
}

export const isJsonTest = (at: number, operand: SourceExpression, kind: string, unique: boolean): SourceExpression =>
  systemCall(at, 'sql_is_json', [operand, constant(at, 'string', kind), constant(at, 'boolean', unique ? 'true' : 'false')]);

/** Document, path and what is passed to it. */
function pathArguments(
  at: number,
  document: SourceExpression,
  path: SourceExpression,
  { passing }: JsonClauses,
): SourceExpression[] {
  const variables =
    passing.length === 0
      ? castTo(at, constant(at, 'string', '{}'), ownType(at, 'jsonb'))
      : systemCall(at, 'jsonb_build_object', passing);
  return [castTo(at, document, ownType(at, 'jsonb')), path, variables];
}

const text = (at: number, value: string): SourceExpression => constant(at, 'string', value);

export const jsonExistsOf = (
  at: number,
  document: SourceExpression,
  path: SourceExpression,
  clauses: JsonClauses,
): SourceExpression => {
  const call = systemCall(at, 'sql_json_exists', [
    ...pathArguments(at, document, path, clauses),
    text(at, clauses.onError?.kind ?? 'false'),
  ]);
  return clauses.returning === null ? call : castTo(at, call, clauses.returning);
};

/** Behaviours and their values, of a type. */
function behaviours(at: number, { onEmpty, onError }: JsonClauses, type: string): [SourceExpression[], SourceExpression[]] {
  const given = (behaviour: Behaviour | null): SourceExpression =>
    castTo(at, behaviour?.value ?? constant(at, 'null', 'null'), ownType(at, type));
  const kinds = [text(at, onEmpty?.kind ?? 'null'), text(at, onError?.kind ?? 'null')];
  return [kinds, [given(onEmpty), given(onError)]];
}

/** Null: values of that type cannot be asked for. */
export function jsonValueOf(
  at: number,
  document: SourceExpression,
  path: SourceExpression,
  clauses: JsonClauses,
): SourceExpression | null {
  const named = clauses.returning === null ? 'text' : plainTypeName(clauses.returning);
  const isVarying = named === 'varchar';
  const type = isVarying ? 'text' : (ALIASES[named] ?? named);
  if (!JSON_VALUE_TYPES.includes(type)) return null;
  const [kinds, values] = behaviours(at, clauses, type);
  const call = systemCall(at, `sql_json_value_${type}`, [...pathArguments(at, document, path, clauses), ...kinds, ...values]);
  return isVarying ? castTo(at, call, clauses.returning as SourceType) : call;
}

/** The same. */
export function jsonQueryOf(
  at: number,
  document: SourceExpression,
  path: SourceExpression,
  clauses: JsonClauses,
): SourceExpression | null {
  const type = clauses.returning === null ? 'jsonb' : plainTypeName(clauses.returning);
  if (!['jsonb', 'json', 'text', 'varchar'].includes(type)) return null;
  const isText = type === 'text' || type === 'varchar';
  const name = !clauses.omitsQuotes ? '' : isText ? '_text' : '_unquoted';
  const [kinds, values] = behaviours(at, clauses, name === '_text' ? 'text' : 'jsonb');
  const call = systemCall(at, `sql_json_query${name}`, [
    ...[...pathArguments(at, document, path, clauses), ...kinds, text(at, clauses.wrapper)],
    ...values,
  ]);
  return type === 'jsonb' || name === '_text' ? call : castTo(at, call, clauses.returning as SourceType);
}
