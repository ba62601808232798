/** PostgreSQL's functions that ask about the system, and other names of functions. How to read a line: ../kit/signatures.ts. */

const KINDS = 'table any_column sequence schema database function type language foreign_data_wrapper server tablespace'.split(
  ' ',
);
const ROLES = ['', 'name.', 'oid.'];

const rights = KINDS.map(
  (kind) =>
    `has_${kind}_privilege: ${ROLES.flatMap((role) => ['text', 'oid'].map((object) => `privilege.${kind}.${role}${object}`)).join(' ')}\n`,
).join('');
const columns = ROLES.flatMap((role) =>
  ['text', 'oid'].flatMap((object) => ['text', 'int2'].map((column) => `privilege.column.${role}${object}.${column}`)),
);

export const SYSTEM_FUNCTIONS = `${rights}
has_column_privilege: ${columns.join(' ')}
has_parameter_privilege: ${ROLES.map((role) => `privilege.parameter.${role}text`).join(' ')}
pg_has_role: ${ROLES.flatMap((role) => ['name', 'oid'].map((object) => `privilege.role.${role}${object}`)).join(' ')}
pg_sleep: wait.sleep
pg_sleep_for: wait.sleepFor
pg_sleep_until: wait.sleepUntil
pg_advisory_lock: wait.lock.1 wait.lock.2
pg_advisory_lock_shared: wait.lock.shared.1 wait.lock.shared.2
pg_advisory_xact_lock: wait.lock.toEnd.1 wait.lock.toEnd.2
pg_advisory_xact_lock_shared: wait.lock.toEnd.shared.1 wait.lock.toEnd.shared.2
pg_try_advisory_lock: wait.try.1 wait.try.2
pg_try_advisory_lock_shared: wait.try.shared.1 wait.try.shared.2
pg_try_advisory_xact_lock: wait.try.toEnd.1 wait.try.toEnd.2
pg_try_advisory_xact_lock_shared: wait.try.toEnd.shared.1 wait.try.toEnd.shared.2
pg_advisory_unlock: wait.unlock.1 wait.unlock.2
pg_advisory_unlock_shared: wait.unlock.shared.1 wait.unlock.shared.2
pg_advisory_unlock_all: wait.unlockAll
pg_cancel_backend: session.cancel
pg_terminate_backend: session.terminate session.terminate.within
pg_blocking_pids: session.blockedBy
to_regclass: regclass.find
to_regtype: regtype.find
to_regproc: regproc.find
to_regprocedure: regprocedure.find
to_regnamespace: regnamespace.find
to_regrole: regrole.find
to_regoper: regoper.find
pg_table_is_visible: regclass.isVisible
pg_type_is_visible: regtype.isVisible
pg_function_is_visible: regproc.isVisible
pg_operator_is_visible: regoper.isVisible
pg_get_userbyid: regrole.nameOf
format_type: regtype.format
oidvectortypes: oidvector.typeNames
pg_char_to_encoding: session.encodingNumber
pg_encoding_to_char: session.encodingName
pg_encoding_max_length: session.encodingBytes
getdatabaseencoding: session.encoding
getpgusername: session.currentUser
pg_is_in_recovery: session.isInRecovery
pg_trigger_depth: session.triggerDepth
pg_jit_available: session.hasJit
pg_my_temp_schema: session.temporarySchema
pg_is_other_temp_schema: session.isOtherTemporarySchema
pg_postmaster_start_time: session.startTime
pg_conf_load_time: session.startTime
setseed: session.setSeed
pg_column_compression: any.compression
to_ascii: text.toAscii text.toAscii.name text.toAscii.number
convert: bytea.convert
length: bytea.lengthIn
like_escape: bytea.likeEscape
similar_escape: text.similarPattern.escape
nameconcatoid: name.concatOid
textlen: text.length
dexp: float8.exp
dlog1: float8.ln
dlog10: float8.log10
dround: float8.round
dtrunc: float8.trunc
numeric_exp: numeric.exp
numeric_ln: numeric.ln
numeric_log: numeric.log
numeric_sqrt: numeric.sqrt
numeric_div_trunc: numeric.div.whole
time: time.scaled
timestamp: timestamp.scaled date.add.time
timestamptz: timestamptz.scaled
interval: interval.scaled
numeric: numeric.scaled
bpchar: char.scaled
varchar: varchar.scaled
bit: bit.to.bit
char: int4.to.char1 text.to.char1
makeaclitem: aclitem.make
aclcontains: aclitem.contains
aclinsert: aclitem.insert
aclremove: aclitem.remove
pg_timezone_names.name: zone.names
pg_timezone_names.abbrev: zone.abbreviations
pg_timezone_names.utc_offset: zone.offsets
pg_timezone_names.is_dst: zone.summers
width_bucket: array.widthBucket<anycompatible,anycompatiblearray>#0
pg_collation_for: any.collation<anyelement>#0
inet_client_addr: session.clientAddress
inet_client_port: session.clientPort
inet_server_addr: session.serverAddress
inet_server_port: session.serverPort
pg_options_to_table.option_name: text.option.name
pg_options_to_table.option_value: text.option.value
`;

export const SYSTEM_OPERATORS = `
*=: record.same
*<>: record.notSame
*<: record.imageLess
*<=: record.imageLessOrEqual
*>: record.imageGreater
*>=: record.imageGreaterOrEqual
@>: aclitem.contains
+: aclitem.insert
-: aclitem.remove
~<~: text.less char.less
~<=~: text.lessOrEqual char.lessOrEqual
~>~: text.greater char.greater
~>=~: text.greaterOrEqual char.greaterOrEqual
`;
