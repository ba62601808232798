/** Primitives of money, bit strings, times with a zone, addresses, and numbers of transactions. How to read a line: primitives.ts. */

const each = (types: string, lines: string): string =>
  types
    .split(' ')
    .map((type) => lines.replaceAll('#', type))
    .join('');

const compared = each(
  'money bit varbit timetz inet cidr macaddr macaddr8 xid xid8 cid tid aclitem',
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
  'money bit varbit timetz inet cidr macaddr macaddr8 xid xid8 cid tid aclitem',
  'min.#(#) # aggregate\nmax.#(#) # aggregate\n',
);
const money = each(
  'int2 int4 int8 float4 float8',
  'money.mul.#(money, #) money fails\n#.mul.money(#, money) money fails\nmoney.div.#(money, #) money fails\n',
);
const macs = each('macaddr macaddr8', '#.bitAnd(#, #) #\n#.bitOr(#, #) #\n#.bitNot(#) #\n#.trunc(#) #\n');

export const ENCODED_PRIMITIVES = `${compared}${minMax}${money}${macs}
xid.equal.int4(xid, int4) bool
xid.notEqual.int4(xid, int4) bool
xid8.to.xid(xid8) xid
pg_snapshot.xmin(pg_snapshot) xid8
pg_snapshot.xmax(pg_snapshot) xid8
pg_snapshot.visible(xid8, pg_snapshot) bool
pg_snapshot.running(pg_snapshot) xid8 rows
txid_snapshot.xmin(txid_snapshot) int8
txid_snapshot.xmax(txid_snapshot) int8
txid_snapshot.visible(int8, txid_snapshot) bool
txid_snapshot.running(txid_snapshot) int8 rows
money.add(money, money) money fails
money.sub(money, money) money fails
money.div(money, money) float8 fails
money.words(money) text
money.to.numeric(money) numeric
numeric.to.money(numeric) money fails
int4.to.money(int4) money fails
int8.to.money(int8) money fails
sum.money(money) money aggregate fails
bit.bitAnd(bit, bit) bit fails
bit.bitOr(bit, bit) bit fails
bit.bitXor(bit, bit) bit fails
bit.bitNot(bit) bit
bit.shiftLeft(bit, int4) bit
bit.shiftRight(bit, int4) bit
bit_and.bit(bit) bit aggregate fails
bit_or.bit(bit) bit aggregate fails
bit_xor.bit(bit) bit aggregate fails
varbit.concat(varbit, varbit) varbit
bit.length(bit) int4
bit.octetLength(bit) int4
bit.bitCount(bit) int8
bit.position(bit, bit) int4
bit.substring.from(bit, int4) bit fails
bit.substring(bit, int4, int4) bit fails
bit.overlay(bit, bit, int4, int4) bit fails
bit.overlay.from(bit, bit, int4) bit fails
bit.getBit(bit, int4) int4 fails
bit.setBit(bit, int4, int4) bit fails
bit.to.bit(bit, int4, bool) bit fails
varbit.to.varbit(varbit, int4, bool) varbit fails
bit.to.varbit(bit) varbit
varbit.to.bit(varbit) bit
int4.bit(int4, int4) bit
int8.bit(int8, int4) bit
bit.to.int4(bit) int4 fails
int4.to.bit(int4) bit
int8.to.bit(int8) bit
bit.to.int8(bit) int8 fails
timetz.extract(text, timetz) numeric fails null
timetz.part(text, timetz) float8 fails null
timetz.add.interval(timetz, interval) timetz fails
interval.add.timetz(interval, timetz) timetz fails
timetz.sub.interval(timetz, interval) timetz fails
date.add.timetz(date, timetz) timestamptz fails
timetz.add.date(timetz, date) timestamptz fails
timetz.overlaps(timetz, timetz, timetz, timetz) bool called null
timetz.atZone(text, timetz) timetz fails stable context
timetz.atOffset(interval, timetz) timetz fails
timetz.to.timetz(timetz, int4) timetz
timetz.to.time(timetz) time
time.to.timetz(time) timetz stable context
timestamptz.to.timetz(timestamptz) timetz null stable context
timetz.now() timetz stable context
timetz.now.digits(int4) timetz stable context
inet.abbrev(inet) text
cidr.abbrev(cidr) text
inet.broadcast(inet) inet
inet.family(inet) int4
inet.host(inet) text
inet.text(inet) text
inet.hostmask(inet) inet
inet.netmask(inet) inet
inet.network(inet) cidr
inet.masklen(inet) int4
inet.setMasklen(inet, int4) inet fails
cidr.setMasklen(cidr, int4) cidr fails
inet.sameFamily(inet, inet) bool
inet.merge(inet, inet) cidr fails
inet.to.cidr(inet) cidr
cidr.to.inet(cidr) inet
inet.add(inet, int8) inet fails
int8.add.inet(int8, inet) inet fails
inet.sub.int8(inet, int8) inet fails
inet.sub(inet, inet) int8 fails
inet.bitNot(inet) inet
inet.bitAnd(inet, inet) inet fails
inet.bitOr(inet, inet) inet fails
inet.within(inet, inet) bool
inet.withinOrEqual(inet, inet) bool
inet.contains(inet, inet) bool
inet.containsOrEqual(inet, inet) bool
inet.overlaps(inet, inet) bool
macaddr.to.macaddr8(macaddr) macaddr8
macaddr8.to.macaddr(macaddr8) macaddr fails
macaddr8.set7bit(macaddr8) macaddr8
`;
