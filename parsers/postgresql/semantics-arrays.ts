/** PostgreSQL's functions of arrays, enums, ranges and rows. How to read a line: semantics.ts. */

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
`;
