import type { OtherServer } from './other-servers.ts';

/** What a person or the provider should hear of; nothing of it stops the server, except `socket-failed`. */
export type DhcpEvent =
  | { readonly kind: 'other-server'; readonly server: OtherServer }
  | {
      readonly kind: 'conflict';
      readonly address: string;
      readonly client: string;
      readonly found: 'declined' | 'probed';
    }
  | { readonly kind: 'boot-loop'; readonly client: string }
  | { readonly kind: 'journal-failed'; readonly error: unknown }
  | { readonly kind: 'journal-damaged'; readonly bytes: number }
  | { readonly kind: 'socket-failed'; readonly error: unknown };
