/**
 * A client's socket. What comes is read into one piece of memory, which all clients of a worker have in common: node's way, new memory
 * and an event of a stream for each read, takes 3 us of the 10 that a short request and its answer cost a thread beside what is done for it.
 *
 *   system --> memory --> receive(bytes, count)     the bytes are the next client's when it returns
 */

import { Socket } from 'node:net';
import { native } from './native.ts';

const READ_BYTES = 1 << 16;

type Receive = (bytes: Buffer, count: number) => void;

/** Of this thread. */
let memory: Buffer | null = null;

export class ClientSocket extends Socket {
  readonly #receiver: { receive: Receive };

  constructor(descriptor: number) {
    memory ??= Buffer.allocUnsafeSlow(READ_BYTES);
    const receiver: { receive: Receive } = { receive: () => {} };
    const onread = {
      buffer: memory,
      callback(count: number, bytes: Uint8Array): boolean {
        receiver.receive(bytes as Buffer, count);
        return true;
      },
    };
    super({ fd: descriptor, onread });
    this.#receiver = receiver;
  }

  /** Who gets what comes, from now on. */
  onBytes(receive: Receive): void {
    this.#receiver.receive = receive;
  }
}

export const descriptorOf = (socket: Socket): number =>
  (socket as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1;

/** The same connection, of which nothing was read, as a socket that is read so; itself where the system cannot do that. */
export function clientSocket(socket: Socket): Socket {
  const descriptor = native()?.duplicate(descriptorOf(socket)) ?? -1;
  if (descriptor < 0) return socket;
  socket.destroy();
  return readBy(descriptor);
}

/** The connection of that descriptor, paused. */
export function readBy(descriptor: number): ClientSocket {
  const socket = new ClientSocket(descriptor);
  socket.setNoDelay(true);
  socket.pause();
  return socket;
}
