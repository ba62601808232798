/**
 * What a client sees when something fails: one class, one table of codes, and one function for each error that is
 * raised in more than one place, so that its wording lives once.
 *
 * The code (SQLSTATE) is the contract; messages may be reworded. A message says what went wrong and where, the hint
 * says what to do about it.
 */

/** Every SQLSTATE the engine raises, under its PostgreSQL condition name where there is one. */
export const SQLSTATE = {
  /** What a parser or a client handed over is not what was agreed upon. */
  protocol_violation: '08P01',
  no_connection: '08001',
  feature_not_supported: '0A000',
  cardinality_violation: '21000',
  string_data_right_truncation: '22001',
  numeric_value_out_of_range: '22003',
  invalid_datetime_format: '22007',
  datetime_field_overflow: '22008',
  division_by_zero: '22012',
  invalid_parameter_value: '22023',
  /** A sequence that does not cycle has no further value. */
  sequence_generator_limit_exceeded: '2200H',
  null_value_not_allowed: '22004',
  substring_error: '22011',
  invalid_preceding_or_following_size: '22013',
  invalid_argument_for_ntile_function: '22014',
  interval_field_overflow: '22015',
  invalid_argument_for_nth_value_function: '22016',
  invalid_escape_character: '22019',
  invalid_row_count_in_limit_clause: '2201W',
  invalid_row_count_in_result_offset_clause: '2201X',
  invalid_regular_expression: '2201B',
  invalid_argument_for_logarithm: '2201E',
  invalid_argument_for_power_function: '2201F',
  invalid_argument_for_width_bucket_function: '2201G',
  character_not_in_repertoire: '22021',
  untranslatable_character: '22P05',
  invalid_escape_sequence: '22025',
  array_subscript_error: '2202E',
  invalid_text_representation: '22P02',
  string_data_length_mismatch: '22026',
  duplicate_json_object_key_value: '22030',
  invalid_argument_for_sql_json_datetime_function: '22031',
  invalid_json_text: '22032',
  invalid_sql_json_subscript: '22033',
  more_than_one_sql_json_item: '22034',
  no_sql_json_item: '22035',
  non_numeric_sql_json_item: '22036',
  singleton_sql_json_item_required: '22038',
  sql_json_array_not_found: '22039',
  sql_json_member_not_found: '2203A',
  sql_json_number_not_found: '2203B',
  sql_json_scalar_required: '2203F',
  sql_json_object_not_found: '2203C',
  restrict_violation: '23001',
  not_null_violation: '23502',
  foreign_key_violation: '23503',
  unique_violation: '23505',
  check_violation: '23514',
  invalid_cursor_state: '24000',
  invalid_transaction_state: '25000',
  active_sql_transaction: '25001',
  read_only_sql_transaction: '25006',
  no_active_sql_transaction: '25P01',
  in_failed_sql_transaction: '25P02',
  invalid_savepoint_specification: '3B001',
  serialization_failure: '40001',
  deadlock_detected: '40P01',
  syntax_error: '42601',
  invalid_column_reference: '42P10',
  duplicate_column: '42701',
  ambiguous_column: '42702',
  ambiguous_function: '42725',
  duplicate_alias: '42712',
  ambiguous_alias: '42P09',
  invalid_recursion: '42P19',
  grouping_error: '42803',
  datatype_mismatch: '42804',
  wrong_object_type: '42809',
  cannot_coerce: '42846',
  undefined_function: '42883',
  ambiguous_parameter: '42P08',
  invalid_object_definition: '42P17',
  indeterminate_datatype: '42P18',
  undefined_parameter: '42P02',
  generated_always: '428C9',
  invalid_schema_name: '3F000',
  invalid_name: '42602',
  invalid_foreign_key: '42830',
  reserved_name: '42939',
  duplicate_function: '42723',
  invalid_function_definition: '42P13',
  with_check_option_violation: '44000',
  dependent_objects_still_exist: '2BP01',
  invalid_grant_operation: '0LP01',
  duplicate_schema: '42P06',
  invalid_sql_statement_name: '26000',
  invalid_cursor_name: '34000',
  duplicate_cursor: '42P03',
  duplicate_prepared_statement: '42P05',
  invalid_table_definition: '42P16',
  windowing_error: '42P20',
  insufficient_privilege: '42501',
  invalid_catalog_name: '3D000',
  undefined_column: '42703',
  undefined_table: '42P01',
  duplicate_table: '42P07',
  undefined_object: '42704',
  duplicate_object: '42710',
  insufficient_resources: '53000',
  disk_full: '53100',
  out_of_memory: '53200',
  /** No free transaction, thread or other slot (SM-S6). */
  too_many_connections: '53300',
  program_limit_exceeded: '54000',
  too_many_columns: '54011',
  too_many_arguments: '54023',
  statement_too_complex: '54001',
  object_not_in_prerequisite_state: '55000',
  /** Also: the directory is open in another process. */
  object_in_use: '55006',
  lock_not_available: '55P03',
  query_canceled: '57014',
  /** The handle was closed. */
  admin_shutdown: '57P01',
  /** The handle is poisoned: shared memory or the log cannot be trusted any more; open() again recovers. */
  crash_shutdown: '57P02',
  io_error: '58030',
  undefined_file: '58P01',
  snapshot_too_old: '72000',
  internal_error: 'XX000',
  data_corrupted: 'XX001',
  index_corrupted: 'XX002',
} as const;

export type SqlState = (typeof SQLSTATE)[keyof typeof SQLSTATE];

const conditionOfCode = new Map<string, string>(Object.entries(SQLSTATE).map(([name, code]) => [code, name]));

/** The condition name of a code (`disk_full`), or undefined for a code this engine does not raise. */
export function conditionName(code: string): string | undefined {
  return conditionOfCode.get(code);
}

export interface SqlErrorDetails {
  /** 1-based character position in the statement's text. */
  position?: number | undefined;
  hint?: string | undefined;
  /** The data it is about: which key, which row. */
  detail?: string | undefined;
  /** What it is about, where one thing is: schema, table, column and constraint by name, as PostgreSQL's clients know them. */
  schema?: string | undefined;
  table?: string | undefined;
  column?: string | undefined;
  constraint?: string | undefined;
  dataType?: string | undefined;
  /** What was being done: 'COPY t, line 3'. */
  context?: string | undefined;
  cause?: unknown;
}

type ErrorFields = Omit<SqlErrorDetails, 'cause'>;

export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly code: string;
  /** 1-based character position in the statement's text. */
  declare readonly position: number | undefined;
  declare readonly hint: string | undefined;
  declare readonly detail: string | undefined;
  declare readonly schema: string | undefined;
  declare readonly table: string | undefined;
  declare readonly column: string | undefined;
  declare readonly constraint: string | undefined;
  /** The domain whose constraint it is. */
  declare readonly dataType: string | undefined;
  /** What was being done: 'COPY t, line 3, column a: "x"'. */
  declare readonly context: string | undefined;

  constructor(code: string, message: string, details?: SqlErrorDetails) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    // What is not known is not there: an error that is logged shows what it has.
    for (const name of DETAILS) {
      const value = details?.[name];
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true, configurable: true, writable: true });
    }
  }
}

const DETAILS = ['position', 'hint', 'detail', 'schema', 'table', 'column', 'constraint', 'dataType', 'context'] as const;

/** Everything of an error that its constructor takes besides code and message. */
function detailsOf(error: SqlError): SqlErrorDetails {
  return { ...pickDetails(error), cause: error.cause };
}

/** What `from` has of the fields that errors have. */
function pickDetails(from: SqlErrorDetails): ErrorFields {
  const fields: Record<string, unknown> = {};
  for (const name of DETAILS) if (from[name] !== undefined) fields[name] = from[name];
  return fields;
}

/** The same error, told where it happened. */
export const withContext = (error: SqlError, context: string): SqlError =>
  new SqlError(error.code, error.message, { ...detailsOf(error), context });

/** The same error at another place in the text. */
export const withPosition = (error: SqlError, position: number | undefined): SqlError =>
  new SqlError(error.code, error.message, { ...detailsOf(error), position });

/** An error in the form that crosses threads: structured clone would drop the class and its fields. */
export interface PlainError extends ErrorFields {
  name: string;
  message: string;
  code?: string | undefined;
  stack?: string | undefined;
  cause?: PlainError | undefined;
}

const CAUSES_MAX = 8;

/** Any thrown value as plain data that can be posted to another thread; fromPlain() turns it back. */
export function toPlain(thrown: unknown, depth = 0): PlainError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) };
  const plain: PlainError = { name: thrown.name, message: thrown.message, stack: thrown.stack };
  if (thrown instanceof SqlError) Object.assign(plain, pickDetails(thrown));
  const code = (thrown as { code?: unknown }).code;
  if (typeof code === 'string') plain.code = code;
  // A chain may be a ring; nobody reads past a few links.
  if (thrown.cause !== undefined && depth < CAUSES_MAX) plain.cause = toPlain(thrown.cause, depth + 1);
  return plain;
}

/** The error that toPlain() was given: a SqlError again, or an Error of the same name. Keeps the first thread's stack. */
export function fromPlain(plain: PlainError): Error {
  const cause = plain.cause === undefined ? undefined : fromPlain(plain.cause);
  let error: Error;
  if (plain.name === 'SqlError' && plain.code !== undefined) {
    error = new SqlError(plain.code, plain.message, { ...pickDetails(plain), cause });
  } else {
    error = new Error(plain.message, cause === undefined ? undefined : { cause });
    if (plain.name !== 'Error') Object.defineProperty(error, 'name', { value: plain.name, configurable: true });
    if (plain.code !== undefined) Object.assign(error, { code: plain.code });
  }
  if (plain.stack !== undefined)
    Object.defineProperty(error, 'stack', { value: plain.stack, configurable: true, writable: true });
  return error;
}

/** No room for the file (SM-W4, SM-F1). Reads go on; writes resume when there is room. */
export const diskFull = (path: string, cause?: unknown): SqlError =>
  new SqlError(SQLSTATE.disk_full, `no space left to write ${path}`, {
    hint: 'free some space on that disk; writing resumes by itself',
    cause,
  });

/** The operating system refused or failed a file operation. */
export const ioError = (path: string, operation: string, cause?: unknown): SqlError =>
  new SqlError(SQLSTATE.io_error, `could not ${operation} ${path}: ${causeText(cause)}`, {
    hint: "see the operating system's log and check the disk and the rights on the path",
    cause,
  });

function causeText(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return cause === undefined ? 'unknown reason' : String(cause);
}

export interface Damage {
  file: string;
  /** Byte position in the file. */
  offset: number;
  /** What lies there: `page 17`, `log batch`. */
  what: string;
  expected: string | number;
  actual: string | number;
}

/** Stored data is not what was written (SM-W10). Numbers are shown in hexadecimal: they are checksums and ids. */
export const dataDamaged = (damage: Damage): SqlError => damaged(SQLSTATE.data_corrupted, damage);

/** An index does not agree with its table, or a node with its neighbours. */
export const indexDamaged = (damage: Damage): SqlError => damaged(SQLSTATE.index_corrupted, damage);

function damaged(code: SqlState, { file, offset, what, expected, actual }: Damage): SqlError {
  const message = `${what} is damaged: ${file} at byte ${offset}: expected ${shown(expected)}, found ${shown(actual)}`;
  const hint =
    code === SQLSTATE.index_corrupted
      ? 'rebuild the index from its table'
      : 'check the disk, then restore the file from a backup; check() lists everything that is damaged';
  return new SqlError(code, message, { hint });
}

const shown = (value: string | number): string =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? `0x${value.toString(16)}` : String(value);

/** The directory is open, in another process or in this one. */
export const databaseLocked = (pid: number, directory: string): SqlError =>
  pid === process.pid
    ? new SqlError(SQLSTATE.object_in_use, `${directory} is already open in this process (pid ${pid})`, {
        hint: 'share the open database between threads with attach(), or close it first',
      })
    : new SqlError(SQLSTATE.object_in_use, `${directory} is in use by process ${pid}`, {
        hint: `connect to that process, or stop it (pid ${pid}) first`,
      });

/** The handle cannot be trusted any more; every later call on it fails with this. */
export const poisoned = (reason: string, cause?: unknown): SqlError =>
  new SqlError(SQLSTATE.crash_shutdown, `the database stopped: ${reason}`, {
    hint: 'open it again: every commit that was acknowledged will be recovered',
    cause,
  });

/** A call on a handle that was closed. */
export const handleClosed = (what: string): SqlError =>
  new SqlError(SQLSTATE.admin_shutdown, `${what} is closed`, { hint: 'open the database again' });

/** An error for the client: a stack that ran out while a statement was prepared or run is its 54001. */
export function withoutOverflow(error: unknown): unknown {
  if (!(error instanceof RangeError) || !error.message.includes('call stack')) return error;
  return new SqlError(SQLSTATE.statement_too_complex, 'stack depth limit exceeded', {
    hint: 'make the statement simpler, call it from less deep, or start the thread with a larger stack',
    cause: error,
  });
}

/** A fixed number of slots is used up (SM-S6). */
export const outOfSlots = (what: string, slots: number): SqlError =>
  new SqlError(SQLSTATE.too_many_connections, `all ${slots} ${what} slots are in use`, {
    hint: `end some of them, or open the database with more ${what} slots`,
  });

/** A memory budget or segment is used up. */
export const outOfMemory = (what: string, bytes: number, cause?: unknown): SqlError =>
  new SqlError(SQLSTATE.out_of_memory, `no room for ${bytes} bytes in ${what}`, {
    hint: `give ${what} more memory, or run fewer statements at once`,
    cause,
  });

/** A limit of the format or of the program. */
export const limitExceeded = (what: string, value: number, limit: number): SqlError =>
  new SqlError(SQLSTATE.program_limit_exceeded, `${what} is ${value}, but at most ${limit} is possible`);
