/**
 * The transactions that committed in the part of the log that recovery read: number -> stamp (SM-W8). A page that an
 * earlier boot wrote may carry their in-flight stamps; whoever reads it looks them up here. Numbers without an entry
 * did not commit: their changes are undone.
 *
 * Open addressing over two typed arrays; number 0 marks a free place, for no transaction has it (TX-T2).
 */

export interface Winners {
  count: number;
  numbers: Uint32Array;
  stamps: Float64Array;
}

export const makeWinners = (capacity = 1024): Winners => ({
  count: 0,
  numbers: new Uint32Array(capacity),
  stamps: new Float64Array(capacity),
});

const placeOf = (numbers: Uint32Array, transaction: number): number => {
  const mask = numbers.length - 1;
  let at = (Math.imul(transaction, 0x9e3779b1) >>> 7) & mask;
  while (numbers[at] !== 0 && numbers[at] !== transaction >>> 0) at = (at + 1) & mask;
  return at;
};

/** The stamp of a transaction that committed, or -1. */
export function winnerStamp(winners: Winners, transaction: number): number {
  const at = placeOf(winners.numbers, transaction);
  return winners.numbers[at] === 0 ? -1 : winners.stamps[at];
}

export function addWinner(winners: Winners, transaction: number, stamp: number): void {
  if (winners.count * 2 >= winners.numbers.length) grow(winners);
  const at = placeOf(winners.numbers, transaction);
  if (winners.numbers[at] === 0) winners.count++;
  winners.numbers[at] = transaction;
  // Numbers wrap after 2^32: the later transaction is the one whose stamps can still be in flight.
  winners.stamps[at] = stamp;
}

function grow(winners: Winners): void {
  const { numbers, stamps } = winners;
  winners.numbers = new Uint32Array(numbers.length * 2);
  winners.stamps = new Float64Array(numbers.length * 2);
  for (let at = 0; at < numbers.length; at++) {
    if (numbers[at] === 0) continue;
    const to = placeOf(winners.numbers, numbers[at]);
    winners.numbers[to] = numbers[at];
    winners.stamps[to] = stamps[at];
  }
}
