import { inspect } from 'node:util';
import type { SecretReference } from '@formwork/core';

/** A secret in memory. However it is printed, logged or serialised, only its reference comes out. */
export class SecretValue {
  readonly reference: SecretReference;
  readonly #text: string;

  constructor(reference: SecretReference, text: string) {
    this.reference = reference;
    this.#text = text;
  }

  /** The secret itself: for the wire or a child's stdin, never for a log, an argument list or an error. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return `[secret ${this.reference.$secret.ref}]`;
  }

  toJSON(): SecretReference {
    return this.reference;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
