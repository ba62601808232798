/** What calls on a database answer: plain data, without the engine behind it. */

/** What the last statement of execute() answered. */
export interface ScriptResult {
  readonly rows: unknown[];
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
  /** Names of the columns; empty: it answers no rows. */
  readonly columns: readonly string[];
  /** 'SELECT', 'INSERT', 'CREATE TABLE'. */
  readonly tag: string;
}

/** Something worth saying that is no error. */
export interface DatabaseNotice {
  /** 'NOTICE', 'WARNING'. */
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

/** What check() found. */
export interface DatabaseReport {
  /** What is wrong; empty: the database is sound. */
  readonly problems: readonly { readonly file: string; readonly page: number; readonly what: string }[];
  /** Pages in use that nobody claims: room lost, nothing worse. */
  readonly unowned: readonly number[];
  readonly pagesChecked: number;
  readonly rows: number;
  /** Index entries, and those of them whose row has another key by now. */
  readonly entries: number;
  readonly staleEntries: number;
}

/** How far a backup has come, in bytes. */
export interface DatabaseBackupProgress {
  readonly copied: number;
  readonly total: number;
}

/** How far a check is, in pages; each is looked at twice. */
export interface DatabaseCheckProgress {
  readonly done: number;
  readonly of: number;
}
