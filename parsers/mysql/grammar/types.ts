/** Types of columns. Integers say how many bits they have, for the engine's may be wider (../semantics-types.ts). */

import type { SourceExpression, SourceType } from '../../../engine/sblr/source.gen.ts';
import { constant, typeOf } from '../lower.ts';
import * as T from '../tokens.ts';
import { decimalModifiers, secondDigits } from './atoms.ts';
import { ChangeGrammar } from './changes.ts';

/** Words that are integers, with their names in the tables. */
const INTEGERS: { readonly [word: string]: string } = {
  ...{ int: 'int', integer: 'int', int4: 'int', bigint: 'bigint', int8: 'bigint', smallint: 'smallint', int2: 'smallint' },
};
/** Words that are types by themselves, or with a length that is not looked at. */
const BLOBS = ['tinyblob', 'blob', 'mediumblob', 'longblob'];
const TEXTS = ['tinytext', 'text', 'mediumtext', 'longtext'];
/** Types that MySQL has and that are not here yet. */
const MISSING = new Set(
  `tinyint int1 bool boolean mediumint int3 middleint bit year enum set binary varbinary json serial geometry point linestring polygon
  multipoint multilinestring multipolygon geometrycollection`.split(/\s+/),
);

export abstract class TypeGrammar extends ChangeGrammar {
  protected columnType(): SourceType {
    const token = this.take(0, T.Word);
    const { ordinal: at } = token;
    const word = token.value.toLowerCase();
    if (MISSING.has(word)) this.refuse(`the type ${word.toUpperCase()}`, token);
    const integer = INTEGERS[word];
    if (integer !== undefined) {
      // The width that it is shown with changes nothing.
      this.sizes();
      this.refuseUnsigned(word);
      return typeOf(at, integer);
    }
    if (BLOBS.includes(word)) return this.sized(at, 'blob');
    if (TEXTS.includes(word)) return this.characters(this.sized(at, 'text'));
    switch (word) {
      case 'decimal':
      case 'dec':
      case 'numeric':
      case 'fixed': {
        const modifiers = decimalModifiers(at, this.sizes());
        this.refuseUnsigned(word);
        return typeOf(at, 'decimal', modifiers);
      }
      case 'float':
      case 'float4': {
        const [digits] = this.oneSize(word);
        this.refuseUnsigned(word);
        return typeOf(at, digits !== undefined && Number(digits) > 24 ? 'double' : 'float');
      }
      case 'double':
      case 'real':
      case 'float8':
        this.accept('precision');
        if (this.oneSize(word).length > 0) this.unexpected(this.next(0));
        this.refuseUnsigned(word);
        return typeOf(at, 'double');
      case 'date':
        return typeOf(at, 'date');
      case 'datetime':
      case 'timestamp':
      case 'time':
        return typeOf(at, word, secondDigits(at, this.sizes()));
      case 'char':
      case 'character':
        if (this.accept('varying')) return this.characters(this.varchar(at));
        return this.characters(typeOf(at, 'char', this.lengthOr(at, '1')));
      case 'varchar':
      case 'varcharacter':
        return this.characters(this.varchar(at));
      default:
        return this.unexpected(token);
    }
  }

  private sizes(): SourceExpression[] {
    return this.isNext(1, T.LeftParen) ? this.inParens(() => this.numbers()) : [];
  }

  private sized(at: number, name: string) {
    this.sizes();
    return typeOf(at, name);
  }

  /** FLOAT(M,D) rounds what is stored, which nothing here does. */
  private oneSize(word: string): string[] {
    const sizes = this.sizes();
    if (sizes.length > 1) this.refuse(`${word.toUpperCase()}(M,D)`, this.next(0));
    return sizes.map((size) => (size.op === 'constant' ? size.text : ''));
  }

  private lengthOr(at: number, usual: string): SourceExpression[] {
    const [length = constant(at, 'integer', usual)] = this.sizes();
    return [length];
  }

  private varchar(at: number) {
    if (!this.isNext(1, T.LeftParen)) this.unexpected(this.next(1));
    return typeOf(at, 'varchar', this.sizes());
  }

  private refuseUnsigned(word: string): void {
    if (this.is('unsigned')) this.refuse(`${word.toUpperCase()} UNSIGNED`);
    if (this.is('zerofill')) this.refuse('ZEROFILL');
    this.accept('signed');
  }

  // ( CHARACTER SET name | CHARSET name | COLLATE name )*
  private characters(type: SourceType): SourceType {
    for (;;) {
      if (this.accept('character', 'set') || this.accept('charset')) this.charset();
      else if (this.accept('collate')) this.collation();
      else return type;
    }
  }
}
