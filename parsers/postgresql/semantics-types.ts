/** PostgreSQL's types and casts, the latter with the contexts of pg_cast. */

import type { CastContext, CastRule, TypeRule } from '../../engine/sblr/semantics.ts';
import { isNestedType, type TypeName } from '../../engine/sblr/types.ts';

const type = (
  name: TypeName,
  names: string,
  category: string,
  shown: string,
  preferred = false,
  defaultLengths?: { readonly [name: string]: number },
): TypeRule => ({
  name,
  names: names.split('|'),
  category,
  preferred,
  shown,
  ...(defaultLengths === undefined ? {} : { defaultLengths }),
});

/** Numbers of objects. */
const REGISTERED: readonly TypeName[] = ['regclass', 'regtype', 'regproc', 'regprocedure', 'regnamespace', 'regrole', 'regoper'];
const RANGES: readonly TypeName[] = ['int4range', 'int8range', 'numrange', 'daterange', 'tsrange', 'tstzrange'];

export const TYPES: readonly TypeRule[] = [
  type('bool', 'boolean|bool', 'B', 'boolean', true),
  type('int2', 'smallint|int2', 'N', 'smallint'),
  type('int4', 'integer|int|int4', 'N', 'integer'),
  type('int8', 'bigint|int8', 'N', 'bigint'),
  type('float4', 'real|float4', 'N', 'real'),
  type('float8', 'double precision|float8|float', 'N', 'double precision', true),
  type('numeric', 'numeric|decimal|dec', 'N', 'numeric'),
  type('oid', 'oid', 'N', 'oid', true),
  type('text', 'text', 'S', 'text', true),
  type('varchar', 'character varying|varchar', 'S', 'character varying'),
  { ...type('char', 'character|char|bpchar', 'S', 'character', false, { character: 1, char: 1 }), columnName: 'bpchar' },
  type('name', 'name', 'S', 'name'),
  type('bytea', 'bytea', 'U', 'bytea'),
  type('date', 'date', 'D', 'date'),
  type('time', 'time without time zone|time', 'D', 'time without time zone'),
  type('timestamp', 'timestamp without time zone|timestamp', 'D', 'timestamp without time zone'),
  type('timestamptz', 'timestamp with time zone|timestamptz', 'D', 'timestamp with time zone', true),
  type('interval', 'interval', 'T', 'interval', true),
  type('uuid', 'uuid', 'U', 'uuid'),
  type('json', 'json', 'U', 'json'),
  type('jsonb', 'jsonb', 'U', 'jsonb'),
  type('jsonpath', 'jsonpath', 'U', 'jsonpath'),
  type('money', 'money', 'N', 'money'),
  type('bit', 'bit', 'V', 'bit', false, { bit: 1 }),
  type('varbit', 'bit varying|varbit', 'V', 'bit varying', true),
  type('timetz', 'time with time zone|timetz', 'D', 'time with time zone'),
  type('inet', 'inet', 'I', 'inet', true),
  type('cidr', 'cidr', 'I', 'cidr'),
  type('macaddr', 'macaddr', 'U', 'macaddr'),
  type('macaddr8', 'macaddr8', 'U', 'macaddr8'),
  type('xid', 'xid', 'U', 'xid'),
  type('xid8', 'xid8', 'U', 'xid8'),
  type('cid', 'cid', 'U', 'cid'),
  type('tid', 'tid', 'U', 'tid'),
  type('pg_snapshot', 'pg_snapshot', 'U', 'pg_snapshot'),
  type('txid_snapshot', 'txid_snapshot', 'U', 'txid_snapshot'),
  type('aclitem', 'aclitem', 'U', 'aclitem'),
  type('char1', '"char"', 'Z', '"char"'),
  type('pg_node_tree', 'pg_node_tree', 'Z', 'pg_node_tree'),
  ...REGISTERED.map((name) => type(name, name, 'N', name)),
  type('oidvector', 'oidvector', 'A', 'oidvector'),
  type('int2vector', 'int2vector', 'A', 'int2vector'),
  type('record', 'record', 'P', 'record'),
  ...RANGES.flatMap((name) => [name, name.replace('range', 'multirange') as TypeName]).map((name) => type(name, name, 'R', name)),
  type('unknown', 'unknown', 'X', 'unknown'),
];

const CONTEXTS: { readonly [letter: string]: CastContext } = { i: 'implicit', a: 'assignment', e: 'explicit' };

/** from: context and types; the primitive is from.to.to. */
const CONVERSIONS = `
bool: e int4
int2: i int4 int8 float4 float8 numeric oid e bytea
int4: a money int2 i int8 float4 float8 numeric oid e bit bool bytea
int8: a money int2 int4 i float4 float8 numeric oid e bit bytea
float4: i float8 a int2 int4 int8 numeric
float8: a float4 int2 int4 int8 numeric
numeric: i float4 float8 numeric a money int2 int4 int8
oid: a int4 int8
bytea: e int2 int4 int8
date: i timestamp timestamptz
time: i interval time timetz
timestamp: a date time i timestamptz timestamp
timestamptz: a date time timestamp timetz i timestamptz
interval: i interval a time
json: a jsonb
jsonb: a json e bool int2 int4 int8 float4 float8 numeric
varchar: i varchar
char: i char
text: i name
money: a numeric
bit: i bit varbit e int4 int8
varbit: i varbit bit
timetz: i timetz a time
inet: a cidr
cidr: i inet
macaddr: i macaddr8
macaddr8: i macaddr
xid8: e xid
`;

function readConversions(): CastRule[] {
  const rules: CastRule[] = [];
  for (const line of CONVERSIONS.trim().split('\n')) {
    const [from, rest] = line.split(': ') as [TypeName, string];
    let context: CastContext = 'implicit';
    for (const word of rest.split(' ')) {
      if (word in CONTEXTS) context = CONTEXTS[word];
      else rules.push({ from, to: word as TypeName, context, primitive: `${from}.to.${word}` });
    }
  }
  return rules;
}

const STRINGS: readonly TypeName[] = ['text', 'varchar', 'char', 'name'];

/** Casts among strings: what changes is only what char's blanks and name's length ask for. */
function readStrings(): CastRule[] {
  const rules: CastRule[] = [];
  for (const from of STRINGS) {
    for (const to of STRINGS) {
      if (from === to || (from === 'text' && to === 'name')) continue;
      const context = from === 'name' && to !== 'text' ? 'assignment' : 'implicit';
      const primitive =
        from === 'char' ? (to === 'name' ? 'char.to.name' : 'char.to.text') : to === 'name' ? 'text.to.name' : null;
      rules.push({ from, to, context, primitive });
    }
  }
  return rules;
}

/** They are shown, and found, by name. */
function readRegistered(name: TypeName): CastRule[] {
  const input = { to: name, primitive: 'text.to.any', given: [name] };
  return [
    { ...input, from: 'unknown', context: 'implicit' },
    ...STRINGS.map((from): CastRule => ({ ...input, from, context: 'explicit' })),
    ...STRINGS.map((to): CastRule => ({ from: name, to, context: 'assignment', primitive: 'any.to.text', given: [name] })),
  ];
}

/** To and from strings by output and input functions; unknown literals become anything by the latter. */
function readForms(): CastRule[] {
  const rules: CastRule[] = [];
  for (const { name } of TYPES) {
    if (name === 'unknown' || isNestedType(name)) continue;
    if (name === 'char1' || name === 'pg_node_tree') continue;
    const isString = STRINGS.includes(name);
    if (REGISTERED.includes(name)) {
      rules.push(...readRegistered(name));
      continue;
    }
    const input = isString && name !== 'name' ? null : `text.to.${name}`;
    rules.push({ from: 'unknown', to: name, context: 'implicit', primitive: input });
    if (isString) continue;
    for (const string of STRINGS) {
      rules.push({
        from: name,
        to: string,
        context: 'assignment',
        primitive: string === 'name' ? `${name}.output` : `${name}.to.text`,
      });
      rules.push({ from: string, to: name, context: 'explicit', primitive: `text.to.${name}` });
    }
  }
  return rules;
}

/** Numbers of objects are oids under another name. */
function readObjects(): CastRule[] {
  const rules: CastRule[] = [];
  const plain = (from: TypeName, to: TypeName, context: CastContext, primitive: string | null) =>
    rules.push({ from, to, context, primitive });
  for (const name of REGISTERED) {
    plain('oid', name, 'implicit', null);
    plain(name, 'oid', 'implicit', null);
    for (const from of ['int2', 'int4', 'int8'] as const) plain(from, name, 'implicit', `${from}.to.oid`);
    for (const to of ['int4', 'int8'] as const) plain(name, to, 'assignment', `oid.to.${to}`);
  }
  plain('regproc', 'regprocedure', 'implicit', null);
  plain('regprocedure', 'regproc', 'implicit', null);
  return rules;
}

/** "char" is a text of one byte, an expression of a catalog one that nobody gives. */
function readOneByte(): CastRule[] {
  const rule = (from: TypeName, to: TypeName, context: CastContext, primitive: string | null): CastRule => ({
    ...{ from, to, context, primitive },
  });
  return [
    rule('unknown', 'char1', 'implicit', 'text.to.char1'),
    ...(['text', 'varchar', 'char'] as const).map((from) => rule(from, 'char1', 'assignment', 'text.to.char1')),
    rule('name', 'char1', 'explicit', 'text.to.char1'),
    rule('char1', 'text', 'implicit', 'char1.to.text'),
    ...(['varchar', 'char'] as const).map((to) => rule('char1', to, 'assignment', 'char1.to.text')),
    rule('char1', 'name', 'assignment', 'char1.to.text'),
    rule('pg_node_tree', 'text', 'implicit', null),
    rule('char1', 'int4', 'explicit', 'char1.to.int4'),
    rule('int4', 'char1', 'explicit', 'int4.to.char1'),
  ];
}

/** text becomes regclass without being told to. */
const isWritten = ({ from, to }: CastRule): boolean => to === 'regclass' && (from === 'text' || from === 'varchar');

export const CASTS: readonly CastRule[] = [
  ...readConversions(),
  ...readStrings(),
  ...readForms().map((rule) => (isWritten(rule) ? { ...rule, context: 'implicit' as const } : rule)),
  ...readObjects(),
  ...readOneByte(),
  ...RANGES.map(
    (from): CastRule => ({
      from,
      to: from.replace('range', 'multirange') as TypeName,
      context: 'explicit',
      primitive: 'range.to.multirange',
    }),
  ),
];
