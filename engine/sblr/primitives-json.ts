/** Primitives of json (text as written) and jsonb (canonical text). How to read a line: primitives.ts. */

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
#.build.object(#...) # called fails
#_agg(#) # aggregate
#_agg.strict(#) # aggregate
#_agg.distinct(any, text) # aggregate fails
#_agg.strict.distinct(any, text) # aggregate fails
#_object_agg(#, #) # aggregate fails
`.replaceAll('#', type),
  )
  .join('');

export const JSON_PRIMITIVES = `${shared}
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
