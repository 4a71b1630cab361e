/** Where vendors differ from the standard. A vendor is known by the service root, or by the system's manufacturer. */
export interface RedfishQuirks {
  /** The whole Boot object must come in one PATCH, also what stays as it is. */
  readonly wholeBoot: boolean;
  /** Only what changes may be sent; the rest is refused as read-only. */
  readonly changedBootOnly: boolean;
  /** If-Match is refused on this resource, whatever it carries. */
  readonly withoutIfMatch: boolean;
  /** InsertMedia takes no more than the image. */
  readonly imageAlone: boolean;
}

const standard: RedfishQuirks = {
  wholeBoot: false,
  changedBootOnly: false,
  withoutIfMatch: false,
  imageAlone: false,
};

const vendors: readonly (readonly [RegExp, Partial<RedfishQuirks>])[] = [
  [/super ?micro/i, { wholeBoot: true, imageAlone: true }],
  [/hpe|hewlett/i, { changedBootOnly: true }],
  [/dell/i, { imageAlone: true, withoutIfMatch: true }],
  [/lenovo/i, { changedBootOnly: true }],
];

export const redfishQuirks = (...names: readonly (string | null)[]): RedfishQuirks => ({
  ...standard,
  ...vendors.find(([pattern]) => names.some((name) => name !== null && pattern.test(name)))?.[1],
});
