import { describe, expect, it } from 'vitest';
import { renderList } from './format.ts';
import { createPaint, visibleLength, wantsColours } from './paint.ts';
import { renderTable } from './table.ts';
import { formatDuration } from './time.ts';

const columns = [
  { title: 'NAME', value: (item: { name: string; state: string }) => item.name },
  { title: 'STATE', value: (item: { name: string; state: string }) => item.state },
];
const items = [
  { name: 'edge', state: 'active' },
  { name: 'a-longer-name', state: 'failed' },
];

describe('renderTable', () => {
  it('pads every column but the last', () => {
    expect(renderTable(columns, items)).toBe('NAME           STATE\nedge           active\na-longer-name  failed\n');
  });

  it('does not count colours as width', () => {
    const paint = createPaint(true);
    const painted = [
      { title: 'A', value: (text: string) => paint.red(text) },
      { title: 'B', value: () => 'b' },
    ];
    expect(renderTable(painted, ['xx'])).toBe(`A   B\n${paint.red('xx')}  b\n`);
  });
});

describe('renderList', () => {
  it('prints names one a line, JSON and YAML whole', () => {
    expect(renderList('name', items, columns, (item) => item.name)).toBe('edge\na-longer-name\n');
    expect(JSON.parse(renderList('json', items, columns, (item) => item.name))).toEqual(items);
    expect(renderList('yaml', items.slice(0, 1), columns, (item) => item.name)).toBe('- name: edge\n  state: active\n');
  });
});

describe('colours', () => {
  it('are off without a terminal, with NO_COLOR and on a dumb terminal', () => {
    expect(wantsColours(true, {})).toBe(true);
    expect(wantsColours(false, {})).toBe(false);
    expect(wantsColours(true, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColours(true, { TERM: 'dumb' })).toBe(false);
    expect(createPaint(false).red('x')).toBe('x');
    expect(visibleLength(createPaint(true).bold('✓ ok'))).toBe(4);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0.0s'],
    [440, '0.4s'],
    [12_900, '12s'],
    [185_000, '3m05s'],
    [7_800_000, '2h10m'],
    [273_600_000, '3d04h'],
    [-5, '0.0s'],
  ])('says %i ms as %s', (durationMs, text) => expect(formatDuration(durationMs)).toBe(text));
});
