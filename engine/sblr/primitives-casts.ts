/**
 * Casts and forms of output. `a.to.b` converts, from text by the input function; `a.to.a` applies modifiers. `a.output` is the
 * text that a client is shown (bool: t), `a.to.text` what a cast gives (bool: true), `a.asJson` the value as JSON, `a.as.b` the
 * same number, or NULL where b does not hold it, `a.atMost.b` and the like the nearest one of b
 * (engine/values/functions-bounds.ts). How to read a line: primitives.ts.
 */

const TYPES = (
  'bool int2 int4 int8 float4 float8 numeric text varchar char bytea date time timestamp timestamptz interval uuid json jsonb oid ' +
  'name char1 jsonpath money bit varbit timetz inet cidr macaddr macaddr8 xid xid8 cid tid pg_snapshot txid_snapshot aclitem pg_node_tree'
).split(' ');
/** Texts that may mean `now`, or are read in the session's zone: what they give is stable only. */
const MAY_BE_NOW = ['date', 'time', 'timestamp', 'timestamptz', 'timetz'];

const NUMBERS = ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric'];

function textForms(type: string): string {
  const zone = type === 'timestamptz' ? ' stable context' : '';
  const input = MAY_BE_NOW.includes(type) ? ' fails stable context' : ' fails';
  return `${type}.output(${type}) text${zone}
${type}.asJson(${type}) json${zone}
${type}.asJsonb(${type}) jsonb fails${zone}
${type}.typeof(any) text called
${type}.to.text(${type}) text${zone}
text.to.${type}(text) ${type}${['text', 'varchar', 'char', 'name'].includes(type) ? '' : input}
`;
}

/** Types into which every value of an integer type goes; a float4 is a float8 as it stands. */
const holds = (from: string, to: string): boolean =>
  (from.startsWith('int') && (!to.startsWith('int') || Number(to.slice(3)) > Number(from.slice(3)))) ||
  (from === 'float4' && to === 'float8');
const numbers = NUMBERS.flatMap((from) =>
  NUMBERS.filter((to) => to !== from).map((to) => `${from}.to.${to}(${from}) ${to}${holds(from, to) ? '' : ' fails'}\n`),
);
const fromJson = [...NUMBERS, 'bool'].map((to) => `jsonb.to.${to}(jsonb) ${to} fails null\n`);

/** Types, and smaller ones of their family; integers are NUMBERS in the order of their size. */
const BOUNDED = [
  ...['int4 int2', 'int8 int2', 'int8 int4', 'numeric int2', 'numeric int4', 'numeric int8'],
  ...['timestamp date', 'timestamptz date', 'timestamptz timestamp'],
].map((pair) => pair.split(' '));
const bounds = BOUNDED.flatMap(([from, to]) =>
  ['atMost', 'below', 'atLeast', 'above', ...(from === 'timestamptz' ? [] : ['as'])].map(
    (side) => `${from}.${side}.${to}(${from}) ${to} null\n`,
  ),
);

export const CAST_PRIMITIVES = `${TYPES.map(textForms).join('')}${numbers.join('')}${fromJson.join('')}${bounds.join('')}
unknown.typeof(any) text called
any.output(any, text) text fails stable context
any.to.text(any, text) text fails stable context
any.asJson(any, text) json fails stable context
any.asJsonb(any, text) jsonb fails stable context
any.typeof(any, text) text called stable context
text.to.any(text, text) any fails stable context
array.convert(anyarray, text, text, text...) anyarray fails stable context
array.modify(anyarray, text, int4, int4, bool) anyarray fails
record.convert(record, text) record fails stable context
range.to.multirange(anyrange) anymultirange
char1.to.int4(char1) int4
int4.to.char1(int4) char1 fails
char.to.name(char) name
bool.to.int4(bool) int4
int4.to.bool(int4) bool
int2.to.oid(int2) oid
int4.to.oid(int4) oid
int8.to.oid(int8) oid fails
oid.to.int4(oid) int4
oid.to.int8(oid) int8
int2.to.bytea(int2) bytea
int4.to.bytea(int4) bytea
int8.to.bytea(int8) bytea
bytea.to.int2(bytea) int2 fails
bytea.to.int4(bytea) int4 fails
bytea.to.int8(bytea) int8 fails
date.to.timestamp(date) timestamp fails
date.to.timestamptz(date) timestamptz fails stable context
date.beside.timestamp(date) timestamp
date.beside.timestamptz(date) timestamptz stable context
timestamp.to.date(timestamp) date
timestamp.to.time(timestamp) time null
timestamp.to.timestamptz(timestamp) timestamptz fails stable context
timestamptz.to.date(timestamptz) date stable context
timestamptz.to.time(timestamptz) time null stable context
timestamptz.to.timestamp(timestamptz) timestamp fails stable context
interval.to.time(interval) time fails
time.to.interval(time) interval
jsonb.to.json(jsonb) json
json.to.jsonb(json) jsonb fails
numeric.to.numeric(numeric, int4, int4) numeric fails
varchar.to.varchar(varchar, int4, bool) varchar fails
char.to.char(char, int4, bool) char fails
time.to.time(time, int4) time
timestamp.to.timestamp(timestamp, int4) timestamp fails
timestamptz.to.timestamptz(timestamptz, int4) timestamptz fails
interval.to.interval(interval, int4) interval fails
text.to.interval.fields(text, text, int4) interval fails
interval.to.interval.fields(interval, text, int4) interval fails
`;
