/** Operator classes of gin indexes. */

import type { SqlType } from '../sblr/types.ts';
import type { IndexMethod, TokenClass } from '../storage/rows/runtime.ts';
import { isOrdered } from './kernel-columns.ts';
import type { CatalogIndexKey } from './objects.ts';

/** The class that is meant where none is named; null: there is none for the type. */
export const defaultTokens = ({ name }: SqlType): TokenClass | null =>
  name === 'jsonb' ? 'jsonb_ops' : name.endsWith('[]') ? 'array_ops' : null;

/** The class is of the type. */
export const acceptsType = (tokens: TokenClass, type: SqlType): boolean =>
  defaultTokens(type)?.slice(0, 5) === tokens.slice(0, 5);

/** A column of this type can be a key of an index by this method. */
export const canBeKey = (type: SqlType, method: IndexMethod, { tokens }: CatalogIndexKey): boolean =>
  method === 'gin' ? tokens !== undefined && acceptsType(tokens, type) : isOrdered(type);
