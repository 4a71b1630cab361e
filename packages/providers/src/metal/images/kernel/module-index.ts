import { type ModuleInfo, moduleName } from './module-info.ts';

/** A module of a kernel package: where it is below `/lib/modules/<release>`, and what it says of itself. */
export interface KernelModule {
  readonly path: string;
  readonly info: ModuleInfo;
}

/**
 * The wanted modules and everything they depend on, sorted by path; what the kernel has not (it may be built in, or not
 * be part of a smaller kernel) is in `missing`.
 */
export function selectModules(
  all: readonly KernelModule[],
  wanted: readonly string[],
): { readonly modules: readonly KernelModule[]; readonly missing: readonly string[] } {
  const byName = new Map(all.map((module) => [moduleName(module.info.name), module]));
  const chosen = new Map<string, KernelModule>();
  const add = (name: string): void => {
    const module = byName.get(name);
    if (module === undefined || chosen.has(name)) return;
    chosen.set(name, module);
    for (const next of [...module.info.depends, ...module.info.softDepends]) add(moduleName(next));
  };
  for (const name of wanted) add(moduleName(name));
  return {
    modules: [...chosen.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    missing: wanted.filter((name) => !byName.has(moduleName(name))),
  };
}

/** `modules.dep` and `modules.alias` as depmod would write them for these modules. */
export function moduleIndex(modules: readonly KernelModule[]): { readonly dep: string; readonly alias: string } {
  const byName = new Map(modules.map((module) => [moduleName(module.info.name), module]));
  /** Nearest first, as modprobe goes through them from the end. */
  const dependencies = (module: KernelModule): readonly KernelModule[] => {
    const found = new Set<KernelModule>();
    const visit = ({ info }: KernelModule): void => {
      for (const name of info.depends) {
        const next = byName.get(moduleName(name));
        if (next === undefined) continue;
        // What is needed by several stands behind the last of them.
        found.delete(next);
        found.add(next);
        visit(next);
      }
    };
    visit(module);
    return [...found];
  };
  const dep = modules.map((module) =>
    [`${module.path}:`, ...dependencies(module).map(({ path }) => path)].join(' ').concat('\n'),
  );
  const alias = modules.flatMap(({ info }) => info.aliases.map((pattern) => `alias ${pattern} ${info.name}\n`));
  return { dep: dep.join(''), alias: alias.join('') };
}
