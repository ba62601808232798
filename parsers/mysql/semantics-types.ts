/** MySQL's types and casts. What a cast costs decides which signature is meant (engine/plan/bind/resolve-by-cost.ts). */

import type { CastContext, CastRule, TypeRule } from '../../engine/sblr/semantics.ts';
import type { TypeName } from '../../engine/sblr/types.ts';

const type = (name: TypeName, names: string, category: string, shown: string): TypeRule => ({
  ...{ name, names: names === '' ? [] : names.split('|'), category, preferred: false, shown },
});

/** In the order in which common types are looked for. */
export const TYPES: readonly TypeRule[] = [
  type('bool', '', 'N', 'tinyint'),
  type('int2', 'smallint', 'N', 'smallint'),
  type('int4', 'int', 'N', 'int'),
  type('int8', 'bigint', 'N', 'bigint'),
  type('numeric', 'decimal', 'N', 'decimal'),
  type('float4', 'float', 'N', 'float'),
  type('float8', 'double', 'N', 'double'),
  type('date', 'date', 'D', 'date'),
  type('timestamp', 'datetime', 'D', 'datetime'),
  type('timestamptz', 'timestamp', 'D', 'timestamp'),
  type('time', 'time', 'D', 'time'),
  { ...type('char', 'char', 'S', 'char'), defaultLengths: { char: 1 } },
  type('varchar', 'varchar', 'S', 'varchar'),
  type('text', 'text', 'S', 'text'),
  type('bytea', 'blob', 'S', 'blob'),
  // What other dialects' tables and the catalogs have.
  type('name', '', 'S', 'varchar'),
  type('char1', '', 'S', 'char'),
  type('oid', '', 'N', 'int unsigned'),
  type('json', '', 'S', 'json'),
  type('jsonb', '', 'S', 'json'),
  type('uuid', '', 'S', 'char'),
];

const rule = (from: TypeName, to: TypeName, context: CastContext, primitive: string | null, cost = 1): CastRule => ({
  ...{ from, to, context, primitive, cost },
});

/** from: to:cost ...; a cost makes it implicit, without one it is of assignment. The primitive is from.to.to. */
const NUMBERS = `
bool: int8:1 int4:2
int2: int4:1 int8:2 numeric:6 float8:12 bool:50
int4: int8:1 numeric:5 float8:11 bool:50 int2
int8: numeric:4 float8:10 bool:50 int4:100 int2 float4
numeric: float8:6 bool:50 int2 int4 int8 float4
float4: float8:1 bool:50 int2 int4 int8 numeric
float8: bool:50 float4 int2 int4 int8 numeric
oid: int8:1 int4
date: timestamp:2 timestamptz:4
timestamp: timestamptz:2 date time
timestamptz: timestamp:2 date time
`;

function readNumbers(): CastRule[] {
  const rules: CastRule[] = [];
  for (const line of NUMBERS.trim().split('\n')) {
    const [from, rest] = line.split(': ') as [TypeName, string];
    for (const item of rest.split(' ')) {
      const [to, cost] = item.split(':') as [TypeName, string?];
      const primitive = `${from}.to.${to}`;
      rules.push(
        rule(from, to, cost === undefined ? 'assignment' : 'implicit', primitive, cost === undefined ? 1 : Number(cost)),
      );
    }
  }
  // A smaller number is a smaller one of the others first.
  rules.push(rule('int2', 'float4', 'assignment', 'int2.to.float4'), rule('int4', 'float4', 'assignment', 'int4.to.float4'));
  return rules;
}

const STRINGS: readonly TypeName[] = ['text', 'varchar', 'char'];
/** How texts are read. */
const READ: readonly (readonly [TypeName, string, number | null])[] = [
  ['bool', 'text.leading.bool', 60],
  ['float8', 'text.leading.float8', 20],
  ['timestamp', 'text.loose.timestamp', 3],
  ['date', 'text.loose.date', 6],
  ['timestamptz', 'text.loose.timestamptz', null],
  ['time', 'text.loose.time', 4],
  ['int2', 'text.rounded.int2', null],
  ['int4', 'text.rounded.int4', null],
  ['int8', 'text.rounded.int8', null],
  ['float4', 'text.to.float4', null],
  ['numeric', 'text.to.numeric', null],
  ['json', 'text.to.json', null],
  ['jsonb', 'text.to.jsonb', null],
  ['uuid', 'text.to.uuid', null],
];
/** What becomes a text without being asked, beside nothing but texts. */
const WRITTEN: readonly (readonly [TypeName, string])[] = [
  ['int2', 'int2.to.text'],
  ['int4', 'int4.to.text'],
  ['int8', 'int8.to.text'],
  ['numeric', 'numeric.to.text'],
  ['float4', 'float4.loose.text'],
  ['float8', 'float8.loose.text'],
  ['date', 'date.to.text'],
  ['time', 'time.to.text'],
  ['timestamp', 'timestamp.to.text'],
  ['json', 'json.to.text'],
  ['jsonb', 'jsonb.to.text'],
  ['uuid', 'uuid.to.text'],
];
const WRITTEN_COST = 30;

function readStrings(): CastRule[] {
  const rules: CastRule[] = [];
  for (const from of STRINGS) {
    for (const to of STRINGS) {
      const primitive = from === 'char' ? 'char.to.text' : null;
      if (from !== to) rules.push(rule(from, to, 'implicit', primitive, to === 'text' ? 1 : 2));
    }
    for (const [to, primitive, cost] of READ)
      rules.push(rule(from, to, cost === null ? 'assignment' : 'implicit', primitive, cost ?? 1));
    rules.push({ ...rule(from, 'bytea', 'assignment', 'text.toUtf8'), given: ['UTF8'] });
  }
  for (const [from, primitive] of WRITTEN) {
    rules.push(rule(from, 'text', 'implicit', primitive, WRITTEN_COST));
    for (const to of ['varchar', 'char'] as const) rules.push(rule(from, to, 'assignment', primitive));
  }
  rules.push(rule('name', 'text', 'implicit', null), rule('char1', 'text', 'implicit', 'char1.to.text'));
  return rules;
}

/** Modifiers: of a type to itself. */
const FITTED: readonly TypeName[] = ['numeric', 'varchar', 'char', 'time', 'timestamp', 'timestamptz'];

/** NULL is of no type until it stands beside something. */
const UNTYPED: readonly CastRule[] = TYPES.map(({ name }) => {
  const read = READ.find(([to]) => to === name)?.[1];
  return rule('unknown', name, 'implicit', read ?? (STRINGS.includes(name) || name === 'bytea' ? null : `text.to.${name}`), 0);
});

export const CASTS: readonly CastRule[] = [
  ...readNumbers(),
  ...readStrings(),
  ...FITTED.map((name) => rule(name, name, 'implicit', `${name}.to.${name}`, 0)),
  ...UNTYPED,
];
