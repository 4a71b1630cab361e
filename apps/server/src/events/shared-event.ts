import type { EventResponse } from '@formwork/api';
import type { EventRow } from '@formwork/db';

/** An event made ready once for all listeners. */
export interface SharedEvent {
  readonly row: EventRow;
  readonly response: EventResponse;
  /** As it goes out on a stream; made when the first listener takes it. */
  readonly text: string;
}
