/**
 * What is refused of the sqllogictest corpus, by SQLSTATE and statement: 0A000, and what follows from it, statements about objects
 * that were not made. `records` is how many there are where every record of the corpus runs.
 */

export interface Refused {
  readonly what: string;
  readonly code: '0A000' | '42P01';
  readonly files: RegExp;
  readonly statement: RegExp;
  readonly records: number;
}

const VIEWS = /^(index\/view\/|evidence\/slt_lang_(create|drop)view)/;

export const REFUSED: readonly Refused[] = [
  { what: 'CREATE VIEW', code: '0A000', files: VIEWS, statement: /^CREATE VIEW /, records: 858 },
  { what: 'REINDEX', code: '0A000', files: /^evidence\/slt_lang_reindex/, statement: /^REINDEX /, records: 1 },
  { what: 'SELECT from a view', code: '42P01', files: VIEWS, statement: /^SELECT [\s\S]* FROM view_?\d/, records: 1419 },
  { what: 'DROP VIEW', code: '42P01', files: VIEWS, statement: /^DROP VIEW /, records: 569 },
  { what: 'INSERT INTO a view', code: '42P01', files: VIEWS, statement: /^INSERT INTO view\d/, records: 1 },
];
