/**
 * Primitives of arrays, and of all values that are made of others. How to read a line: primitives.ts. `text` that is no value of SQL's is
 * the name of an element type or of a primitive; `array.slice` takes which bounds are given ('lu', '-u', 'l-', '--' a dimension).
 */

const compared = ['equal', 'notEqual', 'less', 'lessOrEqual', 'greater', 'greaterOrEqual']
  .flatMap((name) => [`nested.${name}(any, any) bool fails\n`, `enum.${name}(anyenum, anyenum) bool\n`])
  .join('');

export const ARRAY_PRIMITIVES = `${compared}
array.make(text, any...) anyarray called
array.stack(text, anyarray...) anyarray called fails
array.orEmpty(anyarray, text) anyarray called
array.get(anyarray, int4...) anyelement null
array.slice(anyarray, text, int4...) anyarray
array.set(anyarray, text, any, int4...) anyarray called fails
array.setSlice(anyarray, text, anyarray, text, int4...) anyarray called fails null
array.cat(anycompatiblearray, anycompatiblearray) anycompatiblearray called fails null
array.append(anycompatiblearray, anycompatible, text) anycompatiblearray called fails
array.prepend(anycompatible, anycompatiblearray, text) anycompatiblearray called fails
array.contains(anyarray, anyarray) bool fails
array.contained(anyarray, anyarray) bool fails
array.overlaps(anyarray, anyarray) bool fails
array.ndims(anyarray) int4 null
array.dims(anyarray) text null
array.length(anyarray, int4) int4 null
array.lower(anyarray, int4) int4 null
array.upper(anyarray, int4) int4 null
array.cardinality(anyarray) int4
array.position(anycompatiblearray, anycompatible) int4 called fails null
array.position.from(anycompatiblearray, anycompatible, int4) int4 called fails null
array.positions(anycompatiblearray, anycompatible) int4[] called fails null
array.remove(anycompatiblearray, anycompatible) anycompatiblearray called fails null
array.replace(anycompatiblearray, anycompatible, anycompatible) anycompatiblearray called fails null
array.fill(anyelement, anyarray, text) anyarray called fails
array.fill.from(anyelement, anyarray, anyarray, text) anyarray called fails
array.trim(anyarray, int4) anyarray fails
array.join(anyarray, text) text fails stable context
array.join.null(anyarray, text, text) text called fails stable context null
text.splitArray(text, text) text[] called null
text.splitArray.null(text, text, text) text[] called null
array.any(any, anyarray, text) bool called fails stable context null
array.all(any, anyarray, text) bool called fails stable context null
array.spread(text, text, bool, anyarray, any...) any called fails stable context null
array_agg(anynonarray, text) anyarray aggregate
array_agg.arrays(anyarray, text) anyarray aggregate fails
min.nested(anyarray) anyarray aggregate fails
max.nested(anyarray) anyarray aggregate fails
min.enum(anyenum) anyenum aggregate
max.enum(anyenum) anyenum aggregate
record.make(text, any...) record called
record.named(text, text, any...) record called
record.isNull(record, bool) bool called
domain.notNull(any, text) any called fails
domain.check(any, bool, text, text) any called fails null
any.same(any) any
record.field(record, int4) any null
record.with(record, text, int4, any) record called
array.unnest(anyarray) anyelement rows null
array.subscripts(anyarray, int4) int4 rows
array.subscripts.reverse(anyarray, int4, bool) int4 rows
`;
