/** PostgreSQL's functions and operators of money, bit strings, times with a zone, addresses, numbers of transactions. See semantics.ts. */

const COMPARED = 'money bit varbit timetz inet macaddr macaddr8 xid8 tid';
const list = (types: string, name: string): string =>
  types
    .split(' ')
    .map((type) => `${type}.${name}`)
    .join(' ');
const FACTORS = 'int2 int4 int8 float4 float8'.split(' ');
const AGGREGATED = 'money timetz inet xid8 tid'.split(' ');

export const ENCODED_OPERATORS = `
=: ${list(COMPARED, 'equal')} xid.equal cid.equal aclitem.equal xid.equal.int4
<>: ${list(COMPARED, 'notEqual')} xid.notEqual xid.notEqual.int4
!=: ${list(COMPARED, 'notEqual')} xid.notEqual xid.notEqual.int4
<: ${list(COMPARED, 'less')}
<=: ${list(COMPARED, 'lessOrEqual')}
>: ${list(COMPARED, 'greater')}
>=: ${list(COMPARED, 'greaterOrEqual')}
+: money.add inet.add int8.add.inet timetz.add.interval interval.add.timetz date.add.timetz timetz.add.date
-: money.sub inet.sub inet.sub.int8 timetz.sub.interval
*: ${FACTORS.map((type) => `money.mul.${type} ${type}.mul.money`).join(' ')}
/: ${FACTORS.map((type) => `money.div.${type}`).join(' ')} money.div
&: bit.bitAnd inet.bitAnd macaddr.bitAnd macaddr8.bitAnd
|: bit.bitOr inet.bitOr macaddr.bitOr macaddr8.bitOr
#: bit.bitXor
~: bit.bitNot inet.bitNot macaddr.bitNot macaddr8.bitNot
<<: bit.shiftLeft inet.within
>>: bit.shiftRight inet.contains
<<=: inet.withinOrEqual
>>=: inet.containsOrEqual
&&: inet.overlaps
||: varbit.concat
`;

export const ENCODED_FUNCTIONS = `
min: ${AGGREGATED.map((type) => `min.${type}`).join(' ')}
max: ${AGGREGATED.map((type) => `max.${type}`).join(' ')}
sum: sum.money
bit_and: bit_and.bit
bit_or: bit_or.bit
bit_xor: bit_xor.bit
cash_words: money.words
money: int4.to.money int8.to.money numeric.to.money
numeric: money.to.numeric
length: bit.length
bit_length: bit.length
octet_length: bit.octetLength
bit_count: bit.bitCount
position: bit.position
substring: bit.substring.from bit.substring
overlay: bit.overlay.from bit.overlay
get_bit: bit.getBit
set_bit: bit.setBit
bit: int4.bit int8.bit bit.to.bit
varbit: varbit.to.varbit
int4: bit.to.int4
int8: bit.to.int8
extract: timetz.extract
date_part: timetz.part
timezone: timetz.atZone timetz.atOffset
timetz: time.to.timetz timestamptz.to.timetz timetz.to.timetz
time: timetz.to.time
timestamptz: date.add.timetz
overlaps: timetz.overlaps
current_time: timetz.now timetz.now.digits
abbrev: inet.abbrev cidr.abbrev
broadcast: inet.broadcast
family: inet.family
host: inet.host
hostmask: inet.hostmask
netmask: inet.netmask
network: inet.network
masklen: inet.masklen
set_masklen: inet.setMasklen cidr.setMasklen
text: inet.text
cidr: inet.to.cidr
inet_same_family: inet.sameFamily
inet_merge: inet.merge
macaddr: macaddr8.to.macaddr
macaddr8: macaddr.to.macaddr8
macaddr8_set7bit: macaddr8.set7bit
trunc: macaddr.trunc macaddr8.trunc
xid: xid8.to.xid
pg_snapshot_xmin: pg_snapshot.xmin
pg_snapshot_xmax: pg_snapshot.xmax
pg_snapshot_xip: pg_snapshot.running
pg_visible_in_snapshot: pg_snapshot.visible
txid_snapshot_xmin: txid_snapshot.xmin
txid_snapshot_xmax: txid_snapshot.xmax
txid_snapshot_xip: txid_snapshot.running
txid_visible_in_snapshot: txid_snapshot.visible
`;
