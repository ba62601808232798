/** Words read one by one: what statements share that are long lists of small phrases. */

import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import { KEYWORD_TYPES } from '../tokens.ts';
import { ConstraintGrammar } from './constraints.ts';

export abstract class WordGrammar extends ConstraintGrammar {
  /** The token `ahead` places on is this keyword. */
  protected is(word: string, ahead = 1): boolean {
    const token = this.next(ahead);
    return token.value === word && token.tokenType === KEYWORD_TYPES.get(word);
  }

  protected accept(word: string): boolean {
    if (!this.is(word)) return false;
    this.take(0, this.next(1).tokenType);
    return true;
  }

  protected acceptOne(...words: string[]): SqlToken | null {
    return words.some((word) => this.is(word)) ? this.take(0, this.next(1).tokenType) : null;
  }

  /** The keyword, or an error. */
  protected word(word: string): SqlToken {
    return this.is(word) ? this.take(0, this.next(1).tokenType) : this.unexpected(this.next(1));
  }

  protected acceptToken(type: (typeof T)['Comma']): boolean {
    if (!this.isNext(1, type)) return false;
    this.take(0, type);
    return true;
  }

  /** Items with commas between. */
  protected items<Item>(one: () => Item): Item[] {
    const list = [one()];
    while (this.acceptToken(T.Comma)) list.push(one());
    return list;
  }

  protected ifExists(): boolean {
    const found = this.is('if') && this.is('exists', 2);
    if (found) for (const word of ['if', 'exists']) this.word(word);
    return found;
  }

  protected cascades(): boolean {
    return this.acceptOne('cascade', 'restrict')?.value === 'cascade';
  }
}
