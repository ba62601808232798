/** A type's length and scale as one number, the way PostgreSQL keeps and sends it: pg_attribute.atttypmod, RowDescription. */

import { elementOf, type SqlType } from './types.ts';

/** -1: there is none. Of an array that of its elements. */
export function typeModifier({ name, length, scale }: SqlType): number {
  switch (elementOf(name) ?? name) {
    case 'varchar':
    case 'char':
      return length < 0 ? -1 : length + 4;
    case 'numeric':
      return length < 0 ? -1 : ((length << 16) | (scale & 0x7ff)) + 4;
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return length;
    case 'interval':
      return length < 0 ? -1 : (0x7fff << 16) | length;
    default:
      return -1;
  }
}
