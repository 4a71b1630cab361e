import type { ImageConfiguration } from '../configuration.ts';
import type { NodeNames } from '../names.ts';
import type { DriverName, LocalNode } from '../node-record.ts';
import type { ImageState } from '../rootfs.ts';

/** What a driver sees of a node now. */
export interface DriverView {
  readonly state: 'creating' | 'running' | 'stopped' | 'failed';
  /** Nobody switched it off: it shall be started again (a reboot nobody watched, a crash, a reboot of the host). */
  readonly startAgain: boolean;
  readonly message: string;
  /** Where SSH is to be expected; null while that is not known. */
  readonly endpoint: { readonly host: string; readonly port: number } | null;
  /** The key the node was given; null before its first start. */
  readonly hostKey: string | null;
}

/** Something of the site that exists on the host, and the tag of its node; null: the whole site's. */
export interface OwnedThing {
  readonly kind: string;
  readonly id: string;
  readonly nodeTag: string | null;
}

/**
 * A way to make machines on this host. Calls that change a node are made under that node's lock; each ends in well under a
 * second, does only what is still to be done, and stops when the signal fires.
 */
export interface LocalDriver {
  readonly name: DriverName;
  /** Where the image stands; starts its build in the background when nobody has. */
  image(name: string, image: ImageConfiguration, signal: AbortSignal): Promise<ImageState>;
  /** Makes whatever of the node is missing and starts it; nothing when it runs. `image` is what `image()` called ready. */
  start(node: LocalNode, image: string, signal: AbortSignal): Promise<void>;
  look(node: LocalNode, signal: AbortSignal): Promise<DriverView>;
  /** Asks the node to shut down, or takes its power. Answers whether it is off now. */
  stop(node: LocalNode, how: 'shutdown' | 'power', signal: AbortSignal): Promise<boolean>;
  /** Removes everything of the node but its directory, whether or not it was ever finished. */
  remove(names: NodeNames, directory: string, signal: AbortSignal): Promise<void>;
  /** After a node's directory is gone: takes away what only nodes needed, if it was the last. */
  removeShared(signal: AbortSignal): Promise<void>;
  /** Everything that carries the site's names, whatever the records say. */
  owned(signal: AbortSignal): Promise<readonly OwnedThing[]>;
  /** The last bytes of PID 1's output. */
  console(node: LocalNode, maxBytes: number, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}
