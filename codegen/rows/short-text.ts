/**
 * Short ASCII text from bytes. A call into Node's own decoders costs 60 ns whatever the length; String.fromCharCode with its
 * characters as arguments is a routine of V8's own, which takes 20.
 */

const one = String.fromCharCode;

/** Longer text goes to the decoders. */
export const SHORT_TEXT_MAX = 16;

/** The text of `length` ASCII bytes, at most SHORT_TEXT_MAX. */
export function shortText(u8: Uint8Array, at: number, length: number): string {
  switch (length) {
    case 1:
      return one(u8[at]);
    case 2:
      return one(u8[at], u8[at + 1]);
    case 3:
      return one(u8[at], u8[at + 1], u8[at + 2]);
    case 4:
      return one(u8[at], u8[at + 1], u8[at + 2], u8[at + 3]);
    case 5:
      return one(u8[at], u8[at + 1], u8[at + 2], u8[at + 3], u8[at + 4]);
    case 6:
      return one(u8[at], u8[at + 1], u8[at + 2], u8[at + 3], u8[at + 4], u8[at + 5]);
    case 7:
      return one(u8[at], u8[at + 1], u8[at + 2], u8[at + 3], u8[at + 4], u8[at + 5], u8[at + 6]);
    case 8:
      return one(u8[at], u8[at + 1], u8[at + 2], u8[at + 3], u8[at + 4], u8[at + 5], u8[at + 6], u8[at + 7]);
    case 9:
      return one(u8[at], u8[at + 1], u8[at + 2], u8[at + 3], u8[at + 4], u8[at + 5], u8[at + 6], u8[at + 7], u8[at + 8]);
    case 10:
      return one(
        u8[at],
        u8[at + 1],
        u8[at + 2],
        u8[at + 3],
        u8[at + 4],
        u8[at + 5],
        u8[at + 6],
        u8[at + 7],
        u8[at + 8],
        u8[at + 9],
      );
    case 11:
      return one(
        u8[at],
        u8[at + 1],
        u8[at + 2],
        u8[at + 3],
        u8[at + 4],
        u8[at + 5],
        u8[at + 6],
        u8[at + 7],
        u8[at + 8],
        u8[at + 9],
        u8[at + 10],
      );
    case 12:
      return one(
        u8[at],
        u8[at + 1],
        u8[at + 2],
        u8[at + 3],
        u8[at + 4],
        u8[at + 5],
        u8[at + 6],
        u8[at + 7],
        u8[at + 8],
        u8[at + 9],
        u8[at + 10],
        u8[at + 11],
      );
    case 13:
      return one(
        u8[at],
        u8[at + 1],
        u8[at + 2],
        u8[at + 3],
        u8[at + 4],
        u8[at + 5],
        u8[at + 6],
        u8[at + 7],
        u8[at + 8],
        u8[at + 9],
        u8[at + 10],
        u8[at + 11],
        u8[at + 12],
      );
    case 14:
      return one(
        u8[at],
        u8[at + 1],
        u8[at + 2],
        u8[at + 3],
        u8[at + 4],
        u8[at + 5],
        u8[at + 6],
        u8[at + 7],
        u8[at + 8],
        u8[at + 9],
        u8[at + 10],
        u8[at + 11],
        u8[at + 12],
        u8[at + 13],
      );
    case 15:
      return one(
        u8[at],
        u8[at + 1],
        u8[at + 2],
        u8[at + 3],
        u8[at + 4],
        u8[at + 5],
        u8[at + 6],
        u8[at + 7],
        u8[at + 8],
        u8[at + 9],
        u8[at + 10],
        u8[at + 11],
        u8[at + 12],
        u8[at + 13],
        u8[at + 14],
      );
    case 16:
      return one(
        u8[at],
        u8[at + 1],
        u8[at + 2],
        u8[at + 3],
        u8[at + 4],
        u8[at + 5],
        u8[at + 6],
        u8[at + 7],
        u8[at + 8],
        u8[at + 9],
        u8[at + 10],
        u8[at + 11],
        u8[at + 12],
        u8[at + 13],
        u8[at + 14],
        u8[at + 15],
      );
    default:
      return '';
  }
}
