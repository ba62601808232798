/** Primitives over and into arrays of texts: paths and keys of JSON, matches of regular expressions. How to read a line: primitives.ts. */

const both = ['json', 'jsonb']
  .map((type) =>
    `#.at(#, text[]) # null
#.at.text(#, text[]) text null
#.object.list(text[]) # fails
#.object.lists(text[], text[]) # fails
#.each.key(#) text rows fails
#.each.value(#) # rows fails
#.each.valueText(#) text rows fails null
#.record.field(#, text, bool) text rows fails null
#.recordset.field(#, text, bool) text rows fails null
`.replaceAll('#', type),
  )
  .join('');

export const LIST_PRIMITIVES = `${both}
jsonb.delete.at(jsonb, text[]) jsonb fails
jsonb.delete.keys(jsonb, text[]) jsonb fails
jsonb.hasAny(jsonb, text[]) bool
jsonb.hasAll(jsonb, text[]) bool
jsonb.setAt(jsonb, text[], jsonb) jsonb fails
jsonb.setAt.create(jsonb, text[], jsonb, bool) jsonb fails
jsonb.setLax(jsonb, text[], jsonb) jsonb fails called null
jsonb.setLax.create(jsonb, text[], jsonb, bool) jsonb fails called null
jsonb.setLax.treatment(jsonb, text[], jsonb, bool, text) jsonb fails called null
jsonb.insertAt(jsonb, text[], jsonb) jsonb fails
jsonb.insertAt.after(jsonb, text[], jsonb, bool) jsonb fails
array.toJson(anyarray, text) json fails stable context
array.toJson.pretty(anyarray, bool, text) json fails stable context
record.toJson(record, text) json fails stable context
record.toJson.pretty(record, bool, text) json fails stable context
text.regexpMatch(text, text) text[] fails null
text.regexpMatch.flags(text, text, text) text[] fails null
text.regexpMatches(text, text) text[] rows fails
text.regexpMatches.flags(text, text, text) text[] rows fails
text.regexpSplitArray(text, text) text[] fails
text.regexpSplitArray.flags(text, text, text) text[] fails
text.parseIdent(text) text[] fails
text.parseIdent.strict(text, bool) text[] fails
session.schemas(bool) name[] stable context
`;
