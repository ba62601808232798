/** TLS over a client's socket. */

import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

/** From here on what goes over the socket is encrypted; `context`: there is a certificate. */
export const secured = (plain: Socket, context: SecureContext | null): TLSSocket =>
  new TLSSocket(plain, {
    isServer: true,
    secureContext: context as SecureContext,
    ALPNProtocols: ['postgresql'],
  });
