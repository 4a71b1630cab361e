import type { EventResponse } from '@formwork/api';
import type { EventRow } from '@formwork/db';
import { sseText } from './sse-connection.ts';

/**
 * An event made ready once for all listeners. A class: V8 allocates the getter of an object literal among what lives long,
 * and with it every event until the next full collection.
 */
export class SharedEvent {
  readonly row: EventRow;
  readonly response: EventResponse;
  #text: string | null = null;

  constructor(row: EventRow, response: EventResponse) {
    this.row = row;
    this.response = response;
  }

  /** As it goes out on a stream; made when the first listener takes it. */
  get text(): string {
    return (this.#text ??= sseText('event', String(this.row.id), this.response));
  }
}
