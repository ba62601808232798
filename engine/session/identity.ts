/** Who a session is: who has opened it, who it counts as having been opened by, whose rights count (SET ROLE, SET SESSION AUTHORIZATION). */

import type { Settings } from './settings.ts';

export type IdentitySetting = 'role' | 'session_authorization';

export const isIdentitySetting = (name: string): name is IdentitySetting => name === 'role' || name === 'session_authorization';

export class Identity {
  readonly #settings: Settings;
  /** What SET SESSION AUTHORIZATION may be asks for his rights. */
  readonly openedBy: string;
  #user = '';
  /** Of the settings that it was read from. */
  #version = -1;

  constructor(settings: Settings, openedBy: string) {
    this.#settings = settings;
    this.openedBy = openedBy;
  }

  get sessionUser(): string {
    const given = this.#settings.get('session_authorization');
    return given === 'default' ? this.openedBy : given;
  }

  get user(): string {
    const { version } = this.#settings;
    if (version !== this.#version) {
      this.#version = version;
      const role = this.#settings.get('role');
      this.#user = role === 'none' ? this.sessionUser : role;
    }
    return this.#user;
  }
}
