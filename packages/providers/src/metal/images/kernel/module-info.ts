/** What a kernel module says of itself in its `.modinfo` section: `key=value` texts, each ended by a NUL. */
export interface ModuleInfo {
  readonly name: string;
  /** Names of modules that have to be there before it. */
  readonly depends: readonly string[];
  /** Names that are to be loaded before or after it where they exist. */
  readonly softDepends: readonly string[];
  /** Patterns of devices that it drives. */
  readonly aliases: readonly string[];
}

/** Reads a module that is not compressed; null when `file` is none. */
export function readModuleInfo(file: Buffer): ModuleInfo | null {
  const values = (key: string): string[] => {
    const found: string[] = [];
    const wanted = Buffer.from(`\0${key}=`);
    for (let at = file.indexOf(wanted); at >= 0; at = file.indexOf(wanted, at + 1)) {
      const from = at + wanted.length;
      const end = file.indexOf(0, from);
      if (end >= 0 && end - from < 512) found.push(file.toString('latin1', from, end));
    }
    return found;
  };
  const [name] = values('name');
  if (name === undefined || values('vermagic').length === 0) return null;
  const soft = values('softdep').flatMap((value) =>
    value.split(/\s+/).filter((word) => !/^(pre|post):$|^$/.test(word)),
  );
  return {
    name,
    depends: (values('depends')[0] ?? '').split(',').filter(Boolean),
    softDepends: soft.map(moduleName),
    aliases: values('alias'),
  };
}

/** File names and texts have dashes or underscores for the same module. */
export const moduleName = (text: string): string => text.replaceAll('-', '_');
