/** Primitives of ranges, multiranges and enums. How to read a line: primitives.ts. `text` behind the arguments: an element type. */

const SUBTYPES: readonly (readonly [range: string, subtype: string])[] = [
  ['int4', 'int4'],
  ['int8', 'int8'],
  ['num', 'numeric'],
  ['date', 'date'],
  ['ts', 'timestamp'],
  ['tstz', 'timestamptz'],
];

const made = SUBTYPES.map(
  ([name, type]) => `${name}range.make(${type}, ${type}) ${name}range called fails
${name}range.make.flags(${type}, ${type}, text) ${name}range called fails
${name}multirange.make(${name}range...) ${name}multirange called fails
`,
).join('');

const both = (names: string): string =>
  names
    .split(' ')
    .map((name) => `range.${name}(anyrange, anyrange) bool\n`)
    .join('');

const beside = (name: string): string =>
  `multirange.${name}(anymultirange, anymultirange) bool
multirange.${name}.range(anymultirange, anyrange) bool
range.${name}.multirange(anyrange, anymultirange) bool`;

export const RANGE_PRIMITIVES = `${made}${both('contains contained overlaps before after adjacent notRight notLeft')}
range.has(anyrange, anyelement) bool
range.holds(anyelement, anyrange) bool
range.union(anyrange, anyrange) anyrange fails
range.intersect(anyrange, anyrange) anyrange
range.except(anyrange, anyrange) anyrange fails
range.merge(anyrange, anyrange) anyrange
range.lower(anyrange) anyelement null
range.upper(anyrange) anyelement null
range.isEmpty(anyrange) bool
range.lowerInclusive(anyrange) bool
range.upperInclusive(anyrange) bool
range.lowerInfinite(anyrange) bool
range.upperInfinite(anyrange) bool
range.aggregate(anyrange) anymultirange aggregate
range.intersection(anyrange) anyrange aggregate
multirange.aggregate(anymultirange) anymultirange aggregate
multirange.intersection(anymultirange) anymultirange aggregate
multirange.has(anymultirange, anyelement) bool
multirange.holds(anyelement, anymultirange) bool
multirange.contains(anymultirange, anymultirange) bool
multirange.contains.range(anymultirange, anyrange) bool
multirange.contained(anymultirange, anymultirange) bool
multirange.contained.range(anyrange, anymultirange) bool
multirange.overlaps(anymultirange, anymultirange) bool
multirange.overlaps.range(anymultirange, anyrange) bool
range.overlaps.multirange(anyrange, anymultirange) bool
range.contains.multirange(anyrange, anymultirange) bool
range.contained.multirange(anymultirange, anyrange) bool
${['before', 'after', 'adjacent', 'notRight', 'notLeft'].map(beside).join('\n')}
multirange.union(anymultirange, anymultirange) anymultirange
multirange.intersect(anymultirange, anymultirange) anymultirange
multirange.except(anymultirange, anymultirange) anymultirange
multirange.merge(anymultirange) anyrange
multirange.of(anyrange) anymultirange
multirange.lower(anymultirange) anyelement null
multirange.upper(anymultirange) anyelement null
multirange.isEmpty(anymultirange) bool
multirange.lowerInclusive(anymultirange) bool
multirange.upperInclusive(anymultirange) bool
multirange.lowerInfinite(anymultirange) bool
multirange.upperInfinite(anymultirange) bool
multirange.unnest(anymultirange) anyrange rows
enum.first(anyenum, text) anyenum called fails null stable context
enum.last(anyenum, text) anyenum called fails null stable context
enum.range(anyenum, text) anyarray called fails stable context
enum.range.between(anyenum, anyenum, text) anyarray called fails stable context
`;
