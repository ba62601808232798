/** Primitives of text, bytes and uuids, and those that ask the session. How to read a line: primitives.ts. */

const PATTERN_OPERATORS = ['like', 'ilike', 'match', 'matchInsensitive']
  .flatMap((name) => ['', 'char.'].map((type) => [name, type === '' ? 'text' : 'char']))
  .map(([name, type]) => {
    const negated = `not${name[0].toUpperCase()}${name.slice(1)}`;
    return `${type}.${name}(${type}, text) bool fails\n${type}.${negated}(${type}, text) bool fails\n`;
  })
  .join('');

export const TEXT_PRIMITIVES = `${PATTERN_OPERATORS}
bytea.like(bytea, bytea) bool fails
bytea.notLike(bytea, bytea) bool fails
text.likeEscape(text, text) text fails
text.similarPattern(text) text fails
text.similarPattern.escape(text, text) text fails called null
text.similar(text, text) bool fails
text.concat(text, text) text
text.concat.nullIsEmpty(text...) text called
text.concat.separator(text, text...) text called null
text.length(text) int4
char.length(char) int4
text.octetLength(text) int4
char.octetLength(char) int4
text.bitLength(text) int4
text.lower(text) text
text.upper(text) text
text.initcap(text) text
text.casefold(text) text
text.unistr(text) text fails
text.normalize(text) text
text.normalize.form(text, text) text fails
text.isNormalized(text) bool
text.isNormalized.form(text, text) bool fails
text.substring.from(text, int4) text
text.substring(text, int4, int4) text fails
text.substring.match(text, text) text fails null
text.substring.similar(text, text, text) text fails null
text.overlay.from(text, text, int4) text fails
text.overlay(text, text, int4, int4) text fails
text.position(text, text) int4
text.trim(text) text
text.trim.characters(text, text) text
text.trimStart(text) text
text.trimStart.characters(text, text) text
text.trimEnd(text) text
text.trimEnd.characters(text, text) text
text.padStart(text, int4, text) text fails
text.padEnd(text, int4, text) text fails
text.padStart.blank(text, int4) text fails
text.padEnd.blank(text, int4) text fails
text.replace(text, text, text) text
text.translate(text, text, text) text
text.splitPart(text, text, int4) text fails
text.repeat(text, int4) text fails
text.reverse(text) text
text.left(text, int4) text
text.right(text, int4) text
text.startsWith(text, text) bool
text.ascii(text) int4
int4.chr(int4) text fails
text.md5(text) text
text.format(text, text...) text called fails null
text.quoteIdent(text) text
text.quoteLiteral(text) text
text.quoteNullable(text) text called
text.regexpReplace(text, text, text) text fails
text.regexpReplace.flags(text, text, text, text) text fails
text.regexpReplace.from(text, text, text, int4) text fails
text.regexpReplace.occurrence(text, text, text, int4, int4) text fails
text.regexpReplace.all(text, text, text, int4, int4, text) text fails
text.regexpLike(text, text) bool fails
text.regexpLike.flags(text, text, text) bool fails
text.regexpCount(text, text) int4 fails
text.regexpCount.from(text, text, int4) int4 fails
text.regexpCount.flags(text, text, int4, text) int4 fails
text.regexpInstr(text, text) int4 fails
text.regexpInstr.from(text, text, int4) int4 fails
text.regexpInstr.occurrence(text, text, int4, int4) int4 fails
text.regexpInstr.end(text, text, int4, int4, int4) int4 fails
text.regexpInstr.flags(text, text, int4, int4, int4, text) int4 fails
text.regexpInstr.group(text, text, int4, int4, int4, text, int4) int4 fails
text.regexpSubstr(text, text) text fails null
text.regexpSubstr.from(text, text, int4) text fails null
text.regexpSubstr.occurrence(text, text, int4, int4) text fails null
text.regexpSubstr.flags(text, text, int4, int4, text) text fails null
text.regexpSubstr.group(text, text, int4, int4, text, int4) text fails null
text.decode(text, text) bytea fails
text.same(text) text
bytea.encode(bytea, text) text fails
bytea.concat(bytea, bytea) bytea
bytea.length(bytea) int4
bytea.bitLength(bytea) int4
bytea.bitCount(bytea) int8
bytea.substring.from(bytea, int4) bytea
bytea.substring(bytea, int4, int4) bytea fails
bytea.overlay.from(bytea, bytea, int4) bytea fails
bytea.overlay(bytea, bytea, int4, int4) bytea fails
bytea.position(bytea, bytea) int4
bytea.trim(bytea, bytea) bytea
bytea.trimStart(bytea, bytea) bytea
bytea.trimEnd(bytea, bytea) bytea
bytea.getByte(bytea, int4) int4 fails
bytea.setByte(bytea, int4, int4) bytea fails
bytea.getBit(bytea, int8) int4 fails
bytea.setBit(bytea, int8, int4) bytea fails
bytea.reverse(bytea) bytea
bytea.md5(bytea) text
bytea.sha224(bytea) bytea
bytea.sha256(bytea) bytea
bytea.sha384(bytea) bytea
bytea.sha512(bytea) bytea
bytea.crc32(bytea) int8
bytea.crc32c(bytea) int8
text.toUtf8(text, text) bytea fails
bytea.fromUtf8(bytea, text) text fails
bytea.digest(bytea, text) bytea fails
bytea.hmac(bytea, bytea, text) bytea fails
bytea.random(int4) bytea volatile fails
uuid.byTime() uuid volatile context
uuid.byName(uuid, text, int4) uuid
uuid.random() uuid volatile
uuid.version7() uuid volatile context
uuid.extractVersion(uuid) int2 null
uuid.extractTimestamp(uuid) timestamptz null
sequence.next(text) int8 volatile context fails
sequence.next.oid(oid) int8 volatile context fails
sequence.current(text) int8 volatile context fails
sequence.current.oid(oid) int8 volatile context fails
sequence.set(text, int8) int8 volatile context fails
sequence.set.oid(oid, int8) int8 volatile context fails
sequence.set.called(text, int8, bool) int8 volatile context fails
sequence.set.called.oid(oid, int8, bool) int8 volatile context fails
sequence.last() int8 volatile context fails
session.user() name stable context
session.currentUser() name stable context
session.database() name stable context
session.schema() name stable context null
session.setting(text) text stable context fails
session.setting.missing(text, bool) text stable context fails null
session.setSetting(text, text, bool) text volatile context fails called
session.version() text stable
session.encoding() name stable
session.processId() int4 stable context
session.notify(text, text) void volatile called context fails
string_agg.text(text, text) text aggregate
string_agg.bytea(bytea, bytea) bytea aggregate
`;
