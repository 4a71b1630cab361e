import type { Buffer } from 'node:buffer';
import { inputFrames, safeName } from './input-frames.ts';
import type { ScriptLaunch } from './script-launch.ts';
import { tarArchive } from './tar-archive.ts';

/**
 * What goes to the node at the start of an attempt: fw/ becomes $FW_DIR, role/ the role's folder; the supervisor's own
 * directories and its pipe are in it too, which spares the node the programs that would make them. `complete` is last.
 */
export function scriptArchive(launch: ScriptLaunch, withBundle: boolean): Buffer {
  const { normal, secret } = inputFrames(launch);
  const bundle = withBundle
    ? Object.entries(launch.files).map(([path, content]) => ({
        path: ['role', ...path.split('/').map(safeName)].join('/'),
        content,
      }))
    : [];
  const inputs = [...normal, ...secret].map(({ path, content }) => ({ path: `fw/${path}`, content }));
  const directories = ['fw/in/secret', 'fw/files', 'fw/out', 'out', 'clients', ...(withBundle ? ['role'] : [])];
  return tarArchive([...bundle, ...inputs, { path: 'complete', content: '' }], directories, ['log.pipe']);
}
