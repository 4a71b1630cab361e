/** Bounds of a pack, in a folder or an archive; bytes. */
export const packLimits = {
  files: 2000,
  fileBytes: 1024 * 1024,
  totalBytes: 16 * 1024 * 1024,
  pathCharacters: 240,
} as const;
