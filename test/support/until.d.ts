/** Waits for a condition, not for a time: looks again until `look` answers something that `holds`. */
export declare function until<T>(
  what: string,
  look: () => T | Promise<T>,
  holds?: (seen: T) => boolean,
  patienceMs?: number,
): Promise<T>;
//# sourceMappingURL=until.d.ts.map
