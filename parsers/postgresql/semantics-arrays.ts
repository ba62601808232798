/** PostgreSQL's functions of arrays, enums, ranges and rows. How to read a line: ../kit/signatures.ts. */

const constructors = ['int4', 'int8', 'num', 'date', 'ts', 'tstz']
  .map(
    (name) => `${name}range: ${name}range.make ${name}range.make.flags
${name}multirange: ${name}multirange.make`,
  )
  .join('\n');

export const ARRAYS = `
array_append: array.append<anycompatiblearray,anycompatible>#0
array_prepend: array.prepend<anycompatible,anycompatiblearray>#1
array_cat: array.cat
array_ndims: array.ndims
array_dims: array.dims
array_length: array.length
array_lower: array.lower
array_upper: array.upper
cardinality: array.cardinality
array_position: array.position array.position.from
array_positions: array.positions
array_remove: array.remove
array_replace: array.replace
array_fill: array.fill<anyelement,int4[]>#0 array.fill.from<anyelement,int4[],int4[]>#0
trim_array: array.trim
array_to_string: array.join array.join.null
string_to_array: text.splitArray text.splitArray.null
enum_first: enum.first<anyenum>#0
enum_last: enum.last<anyenum>#0
enum_range: enum.range<anyenum>#0 enum.range.between<anyenum,anyenum>#0
lower: range.lower multirange.lower
upper: range.upper multirange.upper
isempty: range.isEmpty multirange.isEmpty
lower_inc: range.lowerInclusive multirange.lowerInclusive
upper_inc: range.upperInclusive multirange.upperInclusive
lower_inf: range.lowerInfinite multirange.lowerInfinite
upper_inf: range.upperInfinite multirange.upperInfinite
range_merge: range.merge multirange.merge
multirange: multirange.of
range_agg: range.aggregate multirange.aggregate
range_intersect_agg: range.intersection multirange.intersection
${constructors}
`;

/** Where ranges and multiranges lie: each beside each. */
const placed = (line: string): string => {
  const [symbol, name] = line.split(': ');
  return `${symbol}: range.${name} multirange.${name} multirange.${name}.range range.${name}.multirange`;
};

export const ARRAY_OPERATORS = `
@>: range.contains range.has multirange.contains multirange.has multirange.contains.range range.contains.multirange
<@: range.contained range.holds multirange.contained multirange.holds multirange.contained.range range.contained.multirange
&&: range.overlaps multirange.overlaps multirange.overlaps.range range.overlaps.multirange
${['<<: before', '>>: after', '&<: notRight', '&>: notLeft', '-|-: adjacent'].map(placed).join('\n')}
+: range.union multirange.union
*: range.intersect multirange.intersect
-: range.except multirange.except
`;
