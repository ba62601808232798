/** Primitives of rows as they are stored, of access privileges, zones, and single ones of other kinds. How to read a line: primitives.ts. */

export const FURTHER_PRIMITIVES = `
array.widthBucket(any, any, text) int4 fails
any.collation(any, text) text called fails
record.same(record, record) bool fails
record.notSame(record, record) bool fails
record.imageLess(record, record) bool fails
record.imageLessOrEqual(record, record) bool fails
record.imageGreater(record, record) bool fails
record.imageGreaterOrEqual(record, record) bool fails
aclitem.make(oid, oid, text, bool) aclitem fails stable context
aclitem.contains(aclitem[], aclitem) bool
aclitem.insert(aclitem[], aclitem) aclitem[] fails
aclitem.remove(aclitem[], aclitem) aclitem[] fails
zone.names() text rows stable context
zone.abbreviations() text rows stable context
zone.offsets() interval rows stable context
zone.summers() bool rows stable context
text.option.name(text[]) text rows
text.option.value(text[]) text rows null
session.clientAddress() inet null stable context
session.clientPort() int4 null stable context
session.serverAddress() inet null stable context
session.serverPort() int4 null stable context
`;
