/** CREATE, ALTER and DROP of databases and extensions; read word by word, as in objects.ts. */

import { EOF } from 'chevrotain';
import { notSupported } from '../../../engine/sblr/parse-error.ts';
import type { SourceOption, SourceStatement } from '../../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import { StatisticsGrammar } from './statistics.ts';

/** Options of CREATE DATABASE, each of one word or two. */
const DATABASE_OPTIONS = [
  ...['owner', 'template', 'encoding', 'strategy', 'locale', 'lc_collate', 'lc_ctype', 'icu_locale', 'locale_provider'],
  ...['collation_version', 'tablespace', 'allow_connections', 'connection', 'is_template', 'oid'],
];

export abstract class DatabaseGrammar extends StatisticsGrammar {
  protected place(start: SqlToken): SourceStatement {
    const isDatabase = this.is('database', 2);
    for (const word of [start.value, isDatabase ? 'database' : 'extension']) this.word(word);
    if (isDatabase) {
      if (start.value === 'create') return this.databaseMade(start);
      return start.value === 'alter' ? this.databaseAltered(start) : this.databaseDropped(start);
    }
    if (start.value === 'create') return this.extensionMade(start);
    if (start.value === 'alter') throw notSupported('ALTER EXTENSION', start.startOffset);
    return this.extensionDropped(start);
  }

  // name ( WITH )? ( option ( '=' )? value )*
  private databaseMade({ ordinal: at }: SqlToken): SourceStatement {
    const name = this.columnId(0);
    this.accept('with');
    const options: SourceOption[] = [];
    while (!this.isNext(1, EOF)) {
      const token = this.next(1);
      const given = this.take(0, T.ColumnLabel).value.toLowerCase();
      if (!DATABASE_OPTIONS.includes(given)) return this.unexpected(token);
      if (given === 'connection') this.word('limit');
      if (this.isNext(1, T.Equal)) this.take(0, T.Equal);
      const value = this.accept('default') ? null : this.plainValue();
      options.push({ op: 'option', at: token.ordinal, name: given === 'connection' ? 'connection limit' : given, value });
    }
    return { op: 'createDatabase', at, name, options };
  }

  private databaseAltered(start: SqlToken): SourceStatement {
    const own = { op: 'alterDatabase' as const, at: start.ordinal, name: this.columnId(0) };
    if (this.accept('rename')) {
      this.word('to');
      return { ...own, action: 'rename', to: this.columnId(0) };
    }
    if (!this.accept('owner')) throw notSupported('ALTER DATABASE but RENAME and OWNER', this.next(1).startOffset);
    this.word('to');
    return { ...own, action: 'owner', to: this.roleName() };
  }

  private databaseDropped({ ordinal: at }: SqlToken): SourceStatement {
    const ifExists = this.ifExists();
    const name = this.columnId(0);
    if (this.is('with') || this.isNext(1, T.LeftParen))
      throw notSupported('DROP DATABASE ... WITH (FORCE)', this.next(1).startOffset);
    return { op: 'dropDatabase', at, name, ifExists };
  }

  // ( IF NOT EXISTS )? name ( WITH )? ( SCHEMA name | VERSION name | CASCADE )*
  private extensionMade({ ordinal: at }: SqlToken): SourceStatement {
    const ifNotExists = this.accept('if');
    if (ifNotExists) for (const word of ['not', 'exists']) this.word(word);
    const name = this.columnId(0);
    this.accept('with');
    let [schema, version, cascade]: [string | null, string | null, boolean] = [null, null, false];
    for (;;) {
      if (this.accept('schema')) schema = this.columnId(0);
      else if (this.accept('version')) version = this.plainText();
      else if (this.accept('cascade')) cascade = true;
      else return { op: 'createExtension', at, name, ifNotExists, schema, version, cascade };
    }
  }

  private plainText(): string {
    const value = this.plainValue();
    return value.op === 'constant' ? value.text : '';
  }

  private extensionDropped({ ordinal: at }: SqlToken): SourceStatement {
    const ifExists = this.ifExists();
    const names = this.items(() => this.columnId(0));
    return { op: 'dropExtension', at, names, ifExists, cascade: this.cascades() };
  }
}
