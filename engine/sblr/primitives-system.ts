/** Primitives that ask about the system: rights, names and numbers of objects, what a server says of itself. See primitives.ts. */

/** What a right is of, as has_<kind>_privilege() names it, by name and by number. */
export const PRIVILEGE_KINDS =
  'table any_column sequence schema database function type language foreign_data_wrapper server tablespace'.split(' ');
const ROLES = ['', 'name, ', 'oid, '];

const rights = PRIVILEGE_KINDS.flatMap((kind) =>
  ROLES.flatMap((role) =>
    ['text', 'oid'].map(
      (object) => `privilege.${kind}.${suffix(role, object)}(${role}${object}, text) bool fails null stable context\n`,
    ),
  ),
);
const columns = ROLES.flatMap((role) =>
  ['text', 'oid'].flatMap((object) =>
    ['text', 'int2'].map(
      (column) =>
        `privilege.column.${suffix(role, object)}.${column}(${role}${object}, ${column}, text) bool fails null stable context\n`,
    ),
  ),
);
const parameters = ROLES.map(
  (role) => `privilege.parameter.${suffix(role, 'text')}(${role}text, text) bool fails null stable context\n`,
);
const memberships = ROLES.flatMap((role) =>
  ['name', 'oid'].map(
    (object) => `privilege.role.${suffix(role, object)}(${role}${object}, text) bool fails null stable context\n`,
  ),
);

/** Of a primitive's name: the types of role and object. */
function suffix(role: string, object: string): string {
  return role === '' ? object : `${role.slice(0, -2)}.${object}`;
}

/** Advisory locks: taken or waited for, tried, let go; by one int8 or two int4. */
const locks = ['lock', 'try', 'unlock']
  .flatMap((action) => (action === 'unlock' ? [''] : ['', '.toEnd']).map((end) => `${action}${end}`))
  .flatMap((name) => ['', '.shared'].map((shared) => `wait.${name}${shared}`))
  .flatMap((name) => [`${name}.1(int8)`, `${name}.2(int4, int4)`])
  .map((call) => `${call} ${call.startsWith('wait.lock') ? 'void' : 'bool'} volatile fails context\n`)
  .join('');

const names = ['regclass', 'regtype', 'regproc', 'regprocedure', 'regnamespace', 'regrole', 'regoper']
  .map((type) => `${type}.find(text) ${type} null stable context fails\n`)
  .join('');

export const SYSTEM_PRIMITIVES = `${rights.join('')}${columns.join('')}${parameters.join('')}${memberships.join('')}${names}${locks}
wait.sleep(float8) void volatile fails context
wait.sleepFor(interval) void volatile fails context
wait.sleepUntil(timestamptz) void volatile fails context
wait.unlockAll() void volatile fails context
session.cancel(int4) bool volatile fails context
session.terminate(int4) bool volatile fails context
session.terminate.within(int4, int8) bool volatile fails context
session.blockedBy(int4) int4[] volatile context
regclass.isVisible(oid) bool null stable context
regtype.isVisible(oid) bool null stable context
regproc.isVisible(oid) bool null stable context
regoper.isVisible(oid) bool null stable context
regrole.nameOf(oid) name stable context
regtype.format(oid, int4) text called null stable context
session.encodingNumber(name) int4
session.encodingName(int4) name
session.encodingBytes(int4) int4 null
session.isInRecovery() bool stable
session.triggerDepth() int4 stable
session.hasJit() bool stable
session.temporarySchema() oid stable
session.isOtherTemporarySchema(oid) bool stable
session.startTime() timestamptz stable
session.setSeed(float8) void volatile fails context
any.compression(any) text null
text.toAscii(text) text fails
text.toAscii.name(text, name) text fails
text.toAscii.number(text, int4) text fails
bytea.convert(bytea, name, name) bytea fails
bytea.lengthIn(bytea, name) int4 fails
bytea.likeEscape(bytea, bytea) bytea fails
name.concatOid(name, oid) name
char.scaled(char, int4, bool) char fails
varchar.scaled(varchar, int4, bool) varchar fails
time.scaled(time, int4) time
timestamp.scaled(timestamp, int4) timestamp fails
timestamptz.scaled(timestamptz, int4) timestamptz fails
interval.scaled(interval, int4) interval fails
numeric.scaled(numeric, int4) numeric fails
oidvector.typeNames(oidvector) text stable context
`;
