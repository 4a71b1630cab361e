import { describe, expect, it } from 'vitest';
import { parseHierarchies } from './cgroup.ts';

describe('cgroup hierarchies', () => {
  it('of version 1 with an empty version 2 beside them are all found', () => {
    const mountinfo = [
      '29 24 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
      '30 29 0:27 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset',
      '31 29 0:28 / /sys/fs/cgroup/systemd rw,relatime shared:9 - cgroup cgroup rw,name=systemd',
      '32 29 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
    ].join('\n');
    expect(parseHierarchies(mountinfo)).toEqual([
      { path: '/sys/fs/cgroup/cpuset', version: 1, controllers: ['cpuset'] },
      { path: '/sys/fs/cgroup/systemd', version: 1, controllers: ['name=systemd'] },
      { path: '/sys/fs/cgroup/unified', version: 2, controllers: [] },
    ]);
  });

  it('of version 2 alone are one', () => {
    const mountinfo = '35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
    expect(parseHierarchies(mountinfo)).toEqual([{ path: '/sys/fs/cgroup', version: 2, controllers: [] }]);
  });
});
