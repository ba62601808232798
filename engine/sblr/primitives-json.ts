/** Primitives of json (text as written) and jsonb (canonical text). How to read a line: primitives.ts. */

import { VALUE_TYPES } from '../values/sql-json-types.ts';

const shared = ['json', 'jsonb']
  .map((type) =>
    `#.field(#, text) # null
#.field.text(#, text) text null
#.element(#, int4) # null
#.element.text(#, int4) text null
#.path(#, text...) # null
#.path.text(#, text...) text null
#.pathOf(#, text) # null fails
#.pathOf.text(#, text) text null fails
#.typeof.json(#) text
#.same(#) #
#.arrayLength(#) int4 fails
#.stripNulls(#) #
#.stripNulls.arrays(#, bool) #
#.build.array(#...) # called
#.build.array.strict(#...) # called
#.build.object(#...) # called fails
#.build.object.strict(#...) # called fails
#.build.object.unique(#...) # called fails
#.build.object.strictUnique(#...) # called fails
#.isJson(#, text, bool) bool
#_agg(#) # aggregate
#_agg.strict(#) # aggregate
#_agg.distinct(any, text) # aggregate fails
#_agg.strict.distinct(any, text) # aggregate fails
#_object_agg(#, #) # aggregate fails
#_object_agg.strict(#, #) # aggregate fails
#_object_agg.unique(#, #) # aggregate fails
#_object_agg.strictUnique(#, #) # aggregate fails
`.replaceAll('#', type),
  )
  .join('');

export const JSON_VALUE_TYPES = VALUE_TYPES;

const BEHAVIOURS = 'jsonb, jsonpath, jsonb, text, text';
const values = VALUE_TYPES.map(
  (type) => `sqlJson.value.${type}(${BEHAVIOURS}, ${type}, ${type}) ${type} called null fails stable context\n`,
).join('');
const queries = ['', '.text', '.unquoted']
  .map((form) => {
    const type = form === '.text' ? 'text' : 'jsonb';
    return `sqlJson.query${form}(${BEHAVIOURS}, text, ${type}, ${type}) ${type} called null fails stable context\n`;
  })
  .join('');

export const JSON_PRIMITIVES = `${shared}${values}${queries}
sqlJson.exists(jsonb, jsonpath, jsonb, text) bool null fails stable context
text.isJson(text, text, bool) bool
bytea.isJson(bytea, text, bool) bool
jsonb.contains(jsonb, jsonb) bool
jsonb.contained(jsonb, jsonb) bool
jsonb.hasKey(jsonb, text) bool
jsonb.concat(jsonb, jsonb) jsonb fails
jsonb.delete.key(jsonb, text) jsonb fails
jsonb.delete.index(jsonb, int4) jsonb fails
jsonb.delete.path(jsonb, text) jsonb fails
jsonb.set(jsonb, text, jsonb) jsonb fails
jsonb.set.create(jsonb, text, jsonb, bool) jsonb fails
jsonb.insert(jsonb, text, jsonb) jsonb fails
jsonb.insert.after(jsonb, text, jsonb, bool) jsonb fails
jsonb.pretty(jsonb) text
`;
