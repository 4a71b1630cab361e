export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const refuse = (status: number, id: string): Answer => ({
  status,
  body: {
    error: { code: `Base.1.0.${id}`, message: 'no', '@Message.ExtendedInfo': [{ MessageId: `Base.1.0.${id}` }] },
  },
});
