/** PostgreSQL's operators and aggregates. How to read a line: ../kit/signatures.ts. */

const list = (types: string, name: string): string =>
  types
    .split(' ')
    .map((type) => `${type}.${name}`)
    .join(' ');
const aggregate = (name: string, types: string): string =>
  types
    .split(' ')
    .map((type) => `${name}.${type}`)
    .join(' ');

const COMPARED =
  'bool int2 int4 int8 float4 float8 numeric text char bytea date time timestamp timestamptz interval uuid jsonb oid char1';
const NUMBERS = 'int2 int4 int8 float4 float8 numeric';
const INTEGERS = 'int2 int4 int8';
/** Two kinds of floats meet in the wider one; its primitive takes the narrower as it is. */
const MIXED = (name: string): string => `float8.${name}<float4,float8> float8.${name}<float8,float4>`;

/** Values that are made of others, and enums. */
const MADE = (name: string): string =>
  ['anyarray', 'record', 'anyrange', 'anymultirange'].map((type) => `nested.${name}<${type},${type}>`).join(' ') +
  ` enum.${name}`;

const comparisons = [
  ['=', 'equal'],
  ['<>', 'notEqual'],
  ['!=', 'notEqual'],
  ['<', 'less'],
  ['<=', 'lessOrEqual'],
  ['>', 'greater'],
  ['>=', 'greaterOrEqual'],
]
  .map(([operator, name]) => `${operator}: ${list(COMPARED, name)} ${MIXED(name)} ${MADE(name)}\n`)
  .join('');

export const OPERATORS = `${comparisons}
+: ${list(NUMBERS, 'add')} ${list(NUMBERS, 'plus')} ${MIXED('add')}
+: date.add.int4 int4.add.date date.add.interval interval.add.date date.add.time time.add.date interval.add
+: time.add.interval interval.add.time timestamp.add.interval interval.add.timestamp timestamptz.add.interval interval.add.timestamptz
-: ${list(NUMBERS, 'sub')} ${list(NUMBERS, 'negate')} ${MIXED('sub')}
-: date.sub date.sub.int4 date.sub.interval time.sub time.sub.interval timestamp.sub timestamp.sub.interval
-: timestamptz.sub timestamptz.sub.interval interval.sub interval.negate jsonb.delete.key jsonb.delete.index
*: ${list(NUMBERS, 'mul')} ${MIXED('mul')} interval.mul float8.mul.interval
/: ${list(INTEGERS, 'div.trunc')} float4.div float8.div ${MIXED('div')} numeric.div.postgresql interval.div
%: ${list(INTEGERS, 'mod')} numeric.mod
^: float8.power numeric.power
@: ${list(NUMBERS, 'abs')}
&: ${list(INTEGERS, 'bitAnd')}
|: ${list(INTEGERS, 'bitOr')}
#: ${list(INTEGERS, 'bitXor')}
<<: ${list(INTEGERS, 'shiftLeft')}
>>: ${list(INTEGERS, 'shiftRight')}
|/: float8.sqrt
||/: float8.cbrt
||: text.concat text.concat<anynonarray,text>@to.text text.concat<text,anynonarray>@to.text bytea.concat jsonb.concat
||: array.cat array.append<anycompatiblearray,anycompatible>#0 array.prepend<anycompatible,anycompatiblearray>#1
~: ${list(INTEGERS, 'bitNot')} text.match char.match
~*: text.matchInsensitive char.matchInsensitive
!~: text.notMatch char.notMatch
!~*: text.notMatchInsensitive char.notMatchInsensitive
~~: text.like char.like bytea.like
!~~: text.notLike char.notLike bytea.notLike
~~*: text.ilike char.ilike
!~~*: text.notIlike char.notIlike
^@: text.startsWith
->: json.field json.element jsonb.field jsonb.element
->>: json.field.text json.element.text jsonb.field.text jsonb.element.text
#>: json.at jsonb.at
#>>: json.at.text jsonb.at.text
#-: jsonb.delete.at
-: jsonb.delete.keys
?|: jsonb.hasAny
?&: jsonb.hasAll
@>: jsonb.contains array.contains
<@: jsonb.contained array.contained
&&: array.overlaps
?: jsonb.hasKey
`;

const ORDERED = 'int2 int4 int8 float4 float8 numeric text char bytea date time timestamp timestamptz interval oid';
const SPREAD = ['var_pop', 'var_samp', 'stddev_pop', 'stddev_samp']
  .map((name) => `${name}: ${aggregate(name, NUMBERS)}\n`)
  .join('');
const REGRESSIONS = (
  'covar_pop covar_samp corr regr_avgx regr_avgy regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy ' + 'regr_count'
)
  .split(' ')
  .map((name) => `${name}: ${name}.float8\n`)
  .join('');

const MEMBERS = ['Json', 'Jsonb']
  .flatMap((type) =>
    [
      ['', ''],
      ['_strict', '.strict'],
      ['_unique', '.unique'],
      ['_unique_strict', '.strictUnique'],
    ].map(([name, form]) => {
      const aggregate = `${type.toLowerCase()}_object_agg`;
      return `${aggregate}${name}: ${aggregate}${form}<any,any>@as${type}\n`;
    }),
  )
  .join('');

export const AGGREGATES = `${SPREAD}${REGRESSIONS}
variance: ${aggregate('var_samp', NUMBERS)}
stddev: ${aggregate('stddev_samp', NUMBERS)}
count: count.star count
sum: ${aggregate('sum', NUMBERS)} sum.interval
avg: ${aggregate('avg', NUMBERS)} avg.interval
min: ${aggregate('min', ORDERED)} min.nested<anyarray> min.enum
max: ${aggregate('max', ORDERED)} max.nested<anyarray> max.enum
array_agg: array_agg<anynonarray>#0 array_agg.arrays<anyarray>#0
bit_and: ${aggregate('bit_and', INTEGERS)}
bit_or: ${aggregate('bit_or', INTEGERS)}
bit_xor: ${aggregate('bit_xor', INTEGERS)}
bool_and: bool_and
bool_or: bool_or
every: bool_and
any_value: any_value
string_agg: string_agg.text string_agg.bytea
json_agg: json_agg<any>@asJson
json_agg_strict: json_agg.strict<any>@asJson
jsonb_agg: jsonb_agg<any>@asJsonb
jsonb_agg_strict: jsonb_agg.strict<any>@asJsonb
${MEMBERS}`;

export const ORDERED_SETS = `
percentile_cont: percentile_cont.float8 percentile_cont.interval
percentile_disc: percentile_disc
mode: mode
`;

export const SET_FUNCTIONS = `
unnest: array.unnest multirange.unnest
generate_subscripts: array.subscripts array.subscripts.reverse
generate_series: generate_series.int4 generate_series.int4.step generate_series.int8 generate_series.int8.step
string_to_table: text.split text.split.null
regexp_split_to_table: text.regexpSplit text.regexpSplit.flags
json_array_elements: json.elements
json_array_elements_text: json.elements.text
jsonb_array_elements: jsonb.elements
jsonb_array_elements_text: jsonb.elements.text
json_object_keys: json.keys
jsonb_object_keys: jsonb.keys
generate_series: generate_series.numeric generate_series.numeric.step generate_series.timestamp generate_series.timestamptz
`;
