/** Primitives of numbers and booleans, and comparison of every type. How to read a line: primitives.ts. */

const COMPARED =
  'bool int2 int4 int8 float4 float8 numeric text char bytea date time timestamp timestamptz interval uuid jsonb oid char1'.split(
    ' ',
  );
const INTEGERS = ['int2', 'int4', 'int8'];
const FLOATS = ['float4', 'float8'];

const each = (types: readonly string[], lines: string): string => types.map((type) => lines.replaceAll('#', type)).join('');

const comparisons = each(
  COMPARED,
  `#.equal(#, #) bool
#.notEqual(#, #) bool
#.less(#, #) bool
#.lessOrEqual(#, #) bool
#.greater(#, #) bool
#.greaterOrEqual(#, #) bool
#.compare(#, #) int4
`,
);

const minMax = each(
  COMPARED.filter((type) => !['bool', 'uuid', 'jsonb'].includes(type)),
  `min.#(#) # aggregate
max.#(#) # aggregate
`,
);

const integers = each(
  INTEGERS,
  `#.add(#, #) # fails
#.sub(#, #) # fails
#.mul(#, #) # fails
#.div.trunc(#, #) # fails
#.mod(#, #) # fails
#.negate(#) # fails
#.plus(#) #
#.abs(#) # fails
#.bitAnd(#, #) #
#.bitOr(#, #) #
#.bitXor(#, #) #
#.bitNot(#) #
#.shiftLeft(#, int4) #
#.shiftRight(#, int4) #
bit_and.#(#) # aggregate
bit_or.#(#) # aggregate
bit_xor.#(#) # aggregate
avg.#(#) numeric aggregate
`,
);

const floats = each(
  FLOATS,
  `#.add(#, #) # fails
#.sub(#, #) # fails
#.mul(#, #) # fails
#.div(#, #) # fails
#.negate(#) #
#.plus(#) #
#.abs(#) #
sum.#(#) # aggregate
avg.#(#) float8 aggregate
`,
);

const spreads = each(
  ['int2', 'int4', 'int8', 'numeric'],
  ['var_pop', 'var_samp', 'stddev_pop', 'stddev_samp'].map((name) => `${name}.#(#) numeric aggregate fails\n`).join(''),
);
const floatSpreads = each(
  FLOATS,
  ['var_pop', 'var_samp', 'stddev_pop', 'stddev_samp'].map((name) => `${name}.#(#) float8 aggregate fails\n`).join(''),
);
const regressions = [
  'covar_pop',
  'covar_samp',
  'corr',
  'regr_avgx',
  'regr_avgy',
  'regr_intercept',
  'regr_r2',
  'regr_slope',
  'regr_sxx',
  'regr_sxy',
  'regr_syy',
]
  .map((name) => `${name}.float8(float8, float8) float8 aggregate fails\n`)
  .join('');

const ofFloat8 = [
  'sqrt',
  'cbrt',
  'exp',
  'ln',
  'log10',
  'ceil',
  'floor',
  'round',
  'trunc',
  'sign',
  'degrees',
  'radians',
  'sin',
  'cos',
]
  .concat(['tan', 'cot', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'])
  .concat(['sind', 'cosd', 'tand', 'cotd', 'asind', 'acosd', 'atand'])
  .map((name) => `float8.${name}(float8) float8 fails\n`)
  .join('');

export const NUMBER_PRIMITIVES = `${comparisons}${minMax}${integers}${floats}${spreads}${floatSpreads}${regressions}${ofFloat8}
float8.power(float8, float8) float8 fails
float8.atan2(float8, float8) float8
float8.atan2d(float8, float8) float8
float8.pi() float8
float8.random() float8 volatile context
int4.random(int4, int4) int4 volatile context fails
int8.random(int8, int8) int8 volatile context fails
numeric.random(numeric, numeric) numeric volatile context fails
int4.gcd(int4, int4) int4 fails
int8.gcd(int8, int8) int8 fails
numeric.gcd(numeric, numeric) numeric
int4.lcm(int4, int4) int4 fails
int8.lcm(int8, int8) int8 fails
numeric.lcm(numeric, numeric) numeric fails
int8.factorial(int8) numeric fails
numeric.add(numeric, numeric) numeric fails
numeric.sub(numeric, numeric) numeric fails
numeric.mul(numeric, numeric) numeric fails
numeric.div.postgresql(numeric, numeric) numeric fails
numeric.div.whole(numeric, numeric) numeric fails
numeric.mod(numeric, numeric) numeric fails
numeric.negate(numeric) numeric
numeric.plus(numeric) numeric
numeric.abs(numeric) numeric
numeric.sign(numeric) numeric
numeric.ceil(numeric) numeric
numeric.floor(numeric) numeric
numeric.round(numeric) numeric fails
numeric.round.scale(numeric, int4) numeric fails
numeric.trunc(numeric) numeric
numeric.trunc.scale(numeric, int4) numeric
numeric.power(numeric, numeric) numeric fails
numeric.sqrt(numeric) numeric fails
numeric.exp(numeric) numeric fails
numeric.ln(numeric) numeric fails
numeric.log10(numeric) numeric fails
numeric.log(numeric, numeric) numeric fails
numeric.scale(numeric) int4 null
numeric.minScale(numeric) int4 null
numeric.trimScale(numeric) numeric
numeric.widthBucket(numeric, numeric, numeric, int4) int4 fails
float8.widthBucket(float8, float8, float8, int4) int4 fails
int4.toHex(int4) text
int8.toHex(int8) text
int4.toOctal(int4) text
int8.toOctal(int8) text
int4.toBinary(int4) text
int8.toBinary(int8) text
int8.sizePretty(int8) text
numeric.sizePretty(numeric) text
text.sizeBytes(text) int8 fails
any.numNulls(any...) int4 called
any.numNonNulls(any...) int4 called
count.star() int8 aggregate
count(any) int8 aggregate
sum.int2(int2) int8 aggregate fails
sum.int4(int4) int8 aggregate fails
sum.int8(int8) numeric aggregate
sum.numeric(numeric) numeric aggregate fails
avg.numeric(numeric) numeric aggregate fails
regr_count.float8(float8, float8) int8 aggregate
bool_and(bool) bool aggregate
bool_or(bool) bool aggregate
any_value(any) any aggregate
count.rows(any...) int8 aggregate
percentile_cont.float8(float8, float8) float8 aggregate fails
percentile_cont.interval(float8, interval) interval aggregate fails
percentile_disc(float8, any) any aggregate fails
mode(any, text) any aggregate
`;
