/** A row and which version of it: another tag after any change of the row, whoever made it. */
export interface RowTag {
  readonly id: string;
  readonly tag: string;
}

/** With what `ETag` and `If-Match` name it by. */
export interface VersionedTag extends RowTag {
  readonly version: number;
}

/** Postgres itself says it: the transaction that wrote this version of the row, and the place that it was written to. */
export const rowTag = (alias: string): string => `${alias}.xmin::text || ${alias}.ctid::text`;
